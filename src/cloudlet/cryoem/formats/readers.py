"""Which format a file is in, told by its suffix."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats import eer_movie, mrc_movie, tiff_movie
from cloudlet.cryoem.formats.outline import Fractions, MovieOutline

__all__ = ["EER", "MRC", "TIFF", "FrameDecoder", "Reader", "reader_of"]


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


@dataclass(frozen=True)
class Reader:
    """A format that frames come in."""

    probe: Callable[[str, BinaryIO, Fractions], MovieOutline]
    """Called with the file's name, for its sentences, and the open file; decodes nothing."""
    decoder: Callable[[str, BinaryIO, Fractions], FrameDecoder]
    """Called alike once `probe` has found everything there."""


TIFF = Reader(tiff_movie.probe, tiff_movie.TiffFrames)
MRC = Reader(mrc_movie.probe, mrc_movie.MrcFrames)
EER = Reader(eer_movie.probe, eer_movie.EerFrames)
_READERS = {"tif": TIFF, "mrc": MRC, "eer": EER}

_SUFFIX = re.compile(r"\.(?:(?P<tif>tiff?)|(?P<mrc>mrcs?(?:\.(?:gz|bz2))?)|(?P<eer>eer))\Z", re.IGNORECASE)


def reader_of(path: Path) -> Reader | None:
    """Return the reader for `path`, None where no format has such a suffix."""
    found = _SUFFIX.search(path.name)
    return _READERS[str(found.lastgroup)] if found else None
