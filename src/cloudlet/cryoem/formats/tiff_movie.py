"""Movies as TIFF, one page a frame, as SerialEM and most cameras write them; rows are reversed on reading."""

from __future__ import annotations

import logging
import struct
import threading
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray

from cloudlet.cryoem.errors import MovieTruncated, MovieUnreadable, MovieWrongSize, MovieWrongType
from cloudlet.cryoem.formats.outline import FileMetadata, Fractions, MovieOutline
from cloudlet.cryoem.formats.raw_file import size_of
from cloudlet.cryoem.formats.tiff_chain import is_tiff, survey
from cloudlet.cryoem.formats.tiff_strips import StripDecoder

__all__ = [
    "BROKEN_BYTES",
    "TiffDirectory",
    "TiffMovie",
    "compression_name",
    "end_of_data",
    "open_tiff",
    "read_directory",
]

_TYPES = frozenset({"uint8", "int8", "uint16", "int16", "float32"})

_COMPRESSIONS = {1: "none", 5: "LZW", 8: "deflate", 32773: "PackBits", 32946: "deflate", 50000: "Zstandard"}
"""TIFF's numbers of those that movies have. The library decodes many more, by code that is made for pictures, is large,
and has had its overflows; nobody who can write to a raw folder is to choose among it."""

BROKEN_BYTES = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, struct.error)
"""What tifffile and imagecodecs raise on bytes they cannot follow."""

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what it logs of a broken file, the errors below say


@dataclass(frozen=True)
class TiffDirectory:
    """What an open TIFF file says of its pages."""

    name: str
    file: BinaryIO
    pages: list[tifffile.TiffPage]
    """They read from `file` when they are decoded."""
    is_whole: bool
    """Whether their chain is."""


def read_directory(name: str, file: BinaryIO) -> TiffDirectory:
    """Follow the chain of pages and read what each says of itself.

    Raises
    ------
    MovieUnreadable
        It claims more than a library should be asked to read.
    MovieTruncated, MovieWrongType, OSError
        See `cloudlet.cryoem.formats.movie.open_movie`.
    """
    _check_is_tiff(name, file)
    chain = survey(file)
    if not chain.is_plausible:
        raise MovieUnreadable(
            f"{name} claims more pages or strips than any movie has.",
            "Copy the file again if it was copied, or leave the movie out.",
        )
    return TiffDirectory(name, file, _pages(name, file), chain.is_whole)


def open_tiff(name: str, file: BinaryIO) -> TiffMovie:
    """Return a movie whose directory is read; raises as `read_directory`."""
    return TiffMovie(read_directory(name, file))


class TiffMovie:
    """Frames as pages; implements `cloudlet.cryoem.formats.readers.FrameFile`."""

    def __init__(self, directory: TiffDirectory) -> None:
        self._directory = directory

    def outline(self, fractions: Fractions) -> MovieOutline:
        """Compare where each page says its bytes lie with the size of the file.

        A camera that is still writing leaves a valid shorter file between two frames: only the metadata can tell that
        one from a finished movie.
        """
        pages, size = self._directory.pages, size_of(self._directory.file)
        _check_pixels(self._directory.name, pages)
        whole = [end_of_data(page) <= size for page in pages]
        frames = len(whole) if all(whole) else whole.index(False)
        rows, columns = pages[0].shape
        is_cut = not (all(whole) and self._directory.is_whole)
        return MovieOutline(frames, is_cut, rows, columns, np.dtype(pages[0].dtype).newbyteorder("="))

    def metadata(self) -> FileMetadata | None:
        """Return None: TIFF has no place for it that cameras agree on."""
        return None

    def decoder(self, fractions: Fractions) -> TiffFrames:
        """Return what decodes pages."""
        return TiffFrames(self._directory)


class TiffFrames:
    """Decodes pages; implements `cloudlet.cryoem.formats.readers.FrameDecoder`."""

    def __init__(self, directory: TiffDirectory) -> None:
        self._name, self._pages = directory.name, directory.pages
        self._strips = StripDecoder(directory.file.fileno(), directory.pages)
        self._library = threading.Lock()  # its pages read from one file, each from where it stands

    def __call__(self, index: int, out: NDArray[np.generic]) -> None:
        """Decode page `index`, its last row first."""
        try:
            _check_strips(self._pages[index])
            if not self._strips.decode(index, out[::-1]):
                with self._library:
                    out[::-1] = self._pages[index].asarray()
        except BROKEN_BYTES as cause:
            raise MovieUnreadable(
                f"Frame {index + 1} of {self._name} cannot be decoded.",
                "Copy the file again if it was copied, or leave the movie out.",
            ) from cause


def _check_strips(page: tifffile.TiffPage) -> None:
    """Refuse what the library would fill with zeros.

    Raises
    ------
    ValueError
        A strip has no bytes.
    """
    if min(page.databytecounts, default=0) == 0:
        raise ValueError("a strip has no bytes")


def _check_is_tiff(name: str, file: BinaryIO) -> None:
    verdict = is_tiff(file)
    if verdict is None:
        raise _cut_at_the_start(name)
    if not verdict:
        raise MovieWrongType(
            f"{name} is called a TIFF file but is none.", "Remove it from the raw folder, or give it its own name."
        )


def _pages(name: str, file: BinaryIO) -> list[tifffile.TiffPage]:
    file.seek(0)
    try:
        tiff = tifffile.TiffFile(file, name=name)
    except BROKEN_BYTES as cause:
        raise _cut_at_the_start(name) from cause
    try:
        pages = [page.aspage() for page in tiff.pages]
    except BROKEN_BYTES as cause:
        raise MovieUnreadable(
            f"{name} has a page that cannot be made out.", "Copy the file again, or leave the movie out."
        ) from cause
    if not pages:
        raise _cut_at_the_start(name)
    if not all(_says_where(page) for page in pages):
        raise MovieUnreadable(
            f"{name} has a page that does not say where its bytes are.", "Copy the file again, or leave the movie out."
        )
    return pages


def _says_where(page: tifffile.TiffPage) -> bool:
    """Return whether places and sizes of strips are whole numbers: tags may be of any type, and negative."""
    return all(isinstance(number, int) and number >= 0 for number in (*page.dataoffsets, *page.databytecounts))


def _check_pixels(name: str, pages: list[tifffile.TiffPage]) -> None:
    first = pages[0]
    if len(first.shape) != 2 or str(first.dtype) not in _TYPES:
        raise MovieWrongType(
            f"{name} holds {first.dtype} pixels of shape {first.shape}, not grey counts.",
            "Let the camera save frames as 8 or 16 bit grey TIFF.",
        )
    for number, page in enumerate(pages, 1):
        if page.compression not in _COMPRESSIONS:
            raise MovieWrongType(
                f"Frame {number} of {name} is compressed as {compression_name(page)}, which no camera does.",
                f"Let the camera compress frames by one of {', '.join(sorted(set(_COMPRESSIONS.values())))}.",
            )
        if page.shape != first.shape or page.dtype != first.dtype:
            raise MovieWrongSize(
                f"Frame {number} of {name} differs in size or type from the first one.",
                "Check the camera's settings; leave the movie out.",
            )


def compression_name(page: tifffile.TiffPage) -> str:
    """Return what the compression of a page is called; its number where it has no name."""
    return str(getattr(page.compression, "name", page.compression))


def end_of_data(page: tifffile.TiffPage) -> int:
    """Return the byte behind the last strip of a page."""
    ends = [place + count for place, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
    return max(ends, default=0)


def _cut_at_the_start(name: str) -> MovieTruncated:
    return MovieTruncated(
        f"{name} ends before its first frame.", "Copy the file again if it was copied, or leave the movie out."
    )
