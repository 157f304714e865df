"""Movies as MRC stacks, section by section; rows are as stored, the first at the bottom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.errors import MovieTruncated, MovieUnreadable, MovieWrongType
from cloudlet.cryoem.formats.movie import MovieOutline

__all__ = ["look", "read"]

_HEADER_BYTES = 1024

_ITEM_BYTES = {0: 1, 1: 2, 2: 4, 6: 2, 12: 2}
"""MRC2014 mode to bytes a pixel; complex and packed 4-bit modes hold no movies this version reads."""


def look(path: Path) -> MovieOutline:
    """Compare the number of sections in the header with the size of the file.

    Raises
    ------
    MovieTruncated, MovieWrongType, OSError
        See `cloudlet.cryoem.formats.movie.look_at_movie`.
    """
    size = path.stat().st_size
    if size < _HEADER_BYTES:
        raise MovieTruncated(
            f"{path.name} ends within its header.", "Copy the file again if it was copied, or leave the movie out."
        )
    header = _header(path)
    section = int(header.nx) * int(header.ny) * _ITEM_BYTES[int(header.mode)]
    there = (size - _HEADER_BYTES - int(header.nsymbt)) // section
    frames = max(0, min(int(header.nz), there))
    return MovieOutline(frames, frames < int(header.nz), int(header.ny), int(header.nx))


def read(path: Path) -> NDArray[np.generic]:
    """Return all sections, shape (frames, rows, columns).

    Raises
    ------
    MovieUnreadable
        Header and data do not belong together.
    OSError
        The file cannot be read.
    """
    try:
        with mrcfile.open(path, mode="r") as file:
            data: NDArray[np.generic] = file.data
    except ValueError as cause:
        raise MovieUnreadable(
            f"{path.name} cannot be read as MRC: {cause}.", "Copy the file again, or leave the movie out."
        ) from cause
    return data.reshape(-1, *data.shape[-2:])


def _header(path: Path) -> Any:
    try:
        with mrcfile.open(path, mode="r", header_only=True) as file:
            header = file.header.copy()
    except ValueError as cause:
        raise MovieWrongType(
            f"{path.name} is called an MRC file but is none.", "Remove it from the raw folder, or give it its own name."
        ) from cause
    if int(header.mode) not in _ITEM_BYTES or min(int(header.nx), int(header.ny), int(header.nz)) < 1:
        raise MovieWrongType(
            f"{path.name} is an MRC file of mode {header.mode}, which holds no movie that can be read.",
            "Let the camera save 8 or 16 bit integers.",
        )
    return header
