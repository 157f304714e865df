"""What all formats of frames have in common: one object an open file, and which format a name stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats.eer_movie import open_eer
from cloudlet.cryoem.formats.mrc_movie import open_mrc
from cloudlet.cryoem.formats.outline import FileMetadata, Fractions, MovieOutline
from cloudlet.cryoem.formats.tiff_movie import open_tiff
from cloudlet.cryoem.names import Format, Use, suffix_of

__all__ = ["READERS", "FrameDecoder", "FrameFile", "Reader", "reader_of"]


class FrameDecoder(Protocol):
    """Decodes the frames of one open file."""

    def __call__(self, index: int, out: NDArray[np.generic]) -> None:
        """Decode a frame into an array of the outline's shape and type; several threads may do so at once.

        Raises
        ------
        MovieUnreadable, MovieTruncated, OSError
            It cannot be decoded, the file ends within it, or the file system refuses.
        """
        ...


class FrameFile(Protocol):
    """An open file of frames; its directory or header was read when it was opened, and is not read again."""

    def outline(self, fractions: Fractions) -> MovieOutline:
        """Return how many frames there are as the file is now, and how large they are; decodes nothing.

        Raises
        ------
        MovieWrongType, MovieWrongSize, OSError
            Its pixels are not those of a movie, its frames differ, or the file system refuses.
        """
        ...

    def metadata(self) -> FileMetadata | None:
        """Return what the file says of how it was taken, None where it is no place for that."""
        ...

    def decoder(self, fractions: Fractions) -> FrameDecoder:
        """Return what decodes its frames, once `outline` has found everything there.

        Raises
        ------
        MovieUnreadable, MovieTruncated, OSError
            It cannot be decoded, or the file system refuses.
        """
        ...


@dataclass(frozen=True)
class Reader:
    """A format that frames come in."""

    open: Callable[[str, BinaryIO], FrameFile]
    """Called with the file's name, for its sentences, and the open file, which stays the caller's to close.

    Raises MovieUnreadable, MovieTruncated, MovieWrongType, MovieWrongSize or OSError where not even its directory or
    header makes sense.
    """


READERS: Mapping[Format, Reader] = {
    Format.TIFF: Reader(open_tiff),
    Format.MRC: Reader(open_mrc),
    Format.EER: Reader(open_eer),
}


def reader_of(path: Path) -> Reader | None:
    """Return the reader for `path`, None where frames are not called so."""
    suffix = suffix_of(path.name)
    return READERS[suffix.format] if suffix is not None and suffix.use is Use.FRAMES else None
