"""Which format a file is in, told by its suffix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats import mrc_movie, tiff_movie
from cloudlet.cryoem.formats.outline import MovieOutline

__all__ = ["Reader", "reader_of"]


@dataclass(frozen=True)
class Reader:
    """A format that frames come in."""

    look: Callable[[str, BinaryIO], MovieOutline]
    """Called with the file's name, for its sentences, and the open file; decodes nothing."""
    read: Callable[[str, BinaryIO], NDArray[np.generic]]
    """Called alike once `look` has found everything there; returns (frames, rows, columns), row 0 at the bottom."""


_TIFF = Reader(tiff_movie.look, tiff_movie.read)
_MRC = Reader(mrc_movie.look, mrc_movie.read)
_READERS = {".tif": _TIFF, ".tiff": _TIFF, ".mrc": _MRC, ".mrcs": _MRC}


def reader_of(path: Path) -> Reader | None:
    """Return the reader for `path`, None where no format has such a suffix."""
    return _READERS.get(path.suffix.lower())
