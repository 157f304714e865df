"""Movies as MRC stacks, section by section; rows are as stored, the first at the bottom.

MRC2014 (Cheng et al., J. Struct. Biol. 2015, 192:146, https://doi.org/10.1016/j.jsb.2015.04.002), and what IMOD adds:
mode 101 packs two pixels of 4 bits into a byte, the first in the low half; rows begin with a new byte. Mode 0 is
signed, unless the file has IMOD's stamp without its flag for signed bytes. Files may be compressed as a whole, by
gzip or bzip2.
"""

from __future__ import annotations

import bz2
import gzip
import os
import threading
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from mrcfile.utils import byte_order_from_machine_stamp
from numpy.typing import NDArray

from cloudlet.cryoem.errors import MovieTruncated, MovieUnreadable, MovieWrongType
from cloudlet.cryoem.formats.outline import Fractions, MovieOutline
from cloudlet.cryoem.formats.raw_file import size_of

__all__ = ["HEADER_BYTES", "MrcFrames", "MrcLayout", "byte_order_of", "layout_of", "probe", "start_of"]

HEADER_BYTES = 1024
_PACKED = 101
_TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2", _PACKED: "u1"}
"""MRC2014 mode to type of a pixel; complex modes hold no movies."""

_IMOD_STAMP, _SIGNED_FLAG = 1146047817, 1
_STAMP_PLACE, _FLAGS_PLACE = 152, 156

_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
_PIECE = 1 << 22
_PATIENCE = 60.0
"""Seconds that a thread waits for the next frame of a compressed movie to be read by another one."""


@dataclass(frozen=True)
class MrcLayout:
    """Where the sections of a file lie."""

    mode: int
    dtype: np.dtype[Any]
    """As stored."""
    sections: int
    rows: int
    columns: int
    first: int
    """Byte at which the first section begins."""

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return (self.columns + 1) // 2 if self.mode == _PACKED else self.columns * self.dtype.itemsize

    @property
    def section_bytes(self) -> int:
        """Bytes of one section."""
        return self.rows * self.row_bytes

    @property
    def decoded(self) -> np.dtype[Any]:
        """Type of the pixels as they are handed on; half precision is widened, for nothing computes with it."""
        native = self.dtype.newbyteorder("=")
        return np.dtype(np.float32) if native == np.float16 else native


def probe(name: str, file: BinaryIO, fractions: Fractions) -> MovieOutline:
    """Compare the number of sections in the header with the size of the file.

    What a compressed file holds is known only once it is decompressed, which is left to the decoder.

    Raises
    ------
    MovieTruncated, MovieWrongType, OSError
        See `cloudlet.cryoem.formats.movie.probe`.
    """
    layout = layout_of(name, file)
    there = layout.sections if _compression(file) else (size_of(file) - layout.first) // layout.section_bytes
    frames = max(0, min(layout.sections, there))
    return MovieOutline(frames, frames < layout.sections, layout.rows, layout.columns, layout.decoded)


def layout_of(name: str, file: BinaryIO) -> MrcLayout:
    """Read the header, without the library, which reserves what an untrue header asks for.

    Raises
    ------
    MovieTruncated, MovieWrongType, MovieUnreadable, OSError
        As `probe`.
    """
    raw = start_of(name, file, HEADER_BYTES)
    order = byte_order_of(name, raw)
    header = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(order))[0]
    mode = int(header["mode"])
    if mode not in _TYPES or min(header["nx"], header["ny"], header["nz"]) < 1 or header["nsymbt"] < 0:
        raise MovieWrongType(
            f"{name} is an MRC file of mode {mode} and {header['nx']} × {header['ny']} × {header['nz']} pixels, which "
            "holds no movie that can be read.",
            "Let the camera save 8 or 16 bit integers.",
        )
    kind = "u1" if mode == 0 and _has_unsigned_bytes(raw, order) else _TYPES[mode]
    first = HEADER_BYTES + int(header["nsymbt"])
    rows, columns = int(header["ny"]), int(header["nx"])
    return MrcLayout(mode, np.dtype(kind).newbyteorder(order), int(header["nz"]), rows, columns, first)


class MrcFrames:
    """Decodes sections; implements `cloudlet.cryoem.formats.readers.FrameDecoder`.

    A compressed file is decompressed from its beginning to the section that is asked for, and goes on from there: asked
    for in order, every byte is decompressed once.

    Raises
    ------
    MovieTruncated, MovieWrongType, OSError
        As `probe`.
    """

    def __init__(self, name: str, file: BinaryIO, fractions: Fractions) -> None:
        self._name, self._file = name, file
        self._layout = layout_of(name, file)
        self._compression = _compression(file)
        self._turn = threading.Condition()
        self._next = 0
        self._stream = _opened(self._compression, file) if self._compression else None
        if self._stream is not None:
            self._skip(self._layout.first)

    def __call__(self, index: int, out: NDArray[np.generic]) -> None:
        """Read section `index`."""
        layout = self._layout
        raw = self._read_stream(index) if self._stream is not None else self._read_file(index)
        if layout.mode == _PACKED:
            packed = raw.reshape(layout.rows, layout.row_bytes)
            out[:, ::2] = packed & 15
            out[:, 1::2] = packed[:, : layout.columns // 2] >> 4
        else:
            out[:] = raw.view(layout.dtype).reshape(layout.rows, layout.columns)

    def _read_file(self, index: int) -> NDArray[np.uint8]:
        raw = np.empty(self._layout.section_bytes, np.uint8)
        got, place = 0, self._layout.first + index * len(raw)
        while got < len(raw):
            count = os.preadv(self._file.fileno(), [raw.data[got:]], place + got)
            if count == 0:
                raise self._cut(index)
            got += count
        return raw

    def _read_stream(self, index: int) -> NDArray[np.uint8]:
        with self._turn:
            while index > self._next:
                before = self._next
                if not self._turn.wait(timeout=_PATIENCE) and self._next == before:
                    break
            if index != self._next:
                raise MovieUnreadable(f"{self._name} is compressed, and was not read in order.", "Retry it.")
            try:
                return self._taken(self._layout.section_bytes, index)
            finally:
                self._next += 1
                self._turn.notify_all()

    def _taken(self, size: int, index: int) -> NDArray[np.uint8]:
        raw, got = np.empty(size, np.uint8), 0
        while got < size:
            piece = self._decompressed(min(_PIECE, size - got), index)
            raw[got : got + len(piece)] = np.frombuffer(piece, np.uint8)
            got += len(piece)
        return raw

    def _skip(self, size: int) -> None:
        while size > 0:
            size -= len(self._decompressed(min(_PIECE, size), 0))

    def _decompressed(self, size: int, index: int) -> bytes:
        try:
            piece: bytes = self._stream.read(size) if self._stream is not None else b""
        except (OSError, EOFError, zlib.error) as cause:
            raise self._cut(index) from cause
        if not piece:
            raise self._cut(index)
        return piece

    def _cut(self, index: int) -> MovieTruncated:
        return MovieTruncated(
            f"{self._name} ends in the middle of frame {index + 1}, or is damaged there.",
            "Copy the file again if it was copied, or leave the movie out.",
        )


def _compression(file: BinaryIO) -> str | None:
    file.seek(0)
    start = file.read(3)
    return "gzip" if start[:2] == _GZIP else "bzip2" if start == _BZIP2 else None


def _opened(compression: str | None, file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if compression == "gzip" else bz2.BZ2File(file)  # type: ignore[return-value]


def start_of(name: str, file: BinaryIO, size: int) -> bytes:
    """Return the first bytes of a file, decompressed where it is compressed; fewer where it has no more.

    Raises
    ------
    MovieTruncated
        It cannot be decompressed.
    """
    compression = _compression(file)
    file.seek(0)
    if compression is None:
        return file.read(size)
    try:
        return _opened(compression, file).read(size)
    except (OSError, EOFError, zlib.error) as cause:
        raise MovieTruncated(
            f"{name} cannot be decompressed.", "Copy the file again if it was copied, or leave the movie out."
        ) from cause


def byte_order_of(name: str, raw: bytes) -> Literal["<", ">"]:
    """Return the byte order of a file whose first bytes are given.

    Raises
    ------
    MovieTruncated, MovieWrongType
        It ends within its header, or is no MRC file.
    """
    if len(raw) < HEADER_BYTES:
        raise MovieTruncated(
            f"{name} ends within its header.", "Copy the file again if it was copied, or leave the movie out."
        )
    header = np.frombuffer(raw[:HEADER_BYTES], HEADER_DTYPE)[0]
    try:
        if header["map"][:3] != b"MAP":
            raise ValueError("it does not say MAP where it should")
        order: Literal["<", ">"] = byte_order_from_machine_stamp(header["machst"])
    except ValueError as cause:
        raise MovieWrongType(
            f"{name} is called an MRC file but is none.", "Remove it from the raw folder, or give it its own name."
        ) from cause
    return order


def _has_unsigned_bytes(raw: bytes, order: Literal["<", ">"]) -> bool:
    """Tell by IMOD's stamp and flags; other programs mean signed bytes, as MRC2014 says."""
    words = np.frombuffer(raw, np.dtype("i4").newbyteorder(order))
    is_stamped = int(words[_STAMP_PLACE // 4]) == _IMOD_STAMP
    return is_stamped and not int(words[_FLAGS_PLACE // 4]) & _SIGNED_FLAG
