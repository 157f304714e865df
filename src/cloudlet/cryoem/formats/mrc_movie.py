"""Movies as MRC stacks, section by section; rows are as stored, the first at the bottom."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from mrcfile.mrcinterpreter import MrcInterpreter
from mrcfile.utils import byte_order_from_machine_stamp
from numpy.typing import NDArray

from cloudlet.cryoem.errors import MovieTruncated, MovieUnreadable, MovieWrongType
from cloudlet.cryoem.formats.outline import MovieOutline
from cloudlet.cryoem.formats.raw_file import size_of

__all__ = ["look", "read"]

_HEADER_BYTES = 1024

_ITEM_BYTES = {0: 1, 1: 2, 2: 4, 6: 2, 12: 2}
"""MRC2014 mode to bytes a pixel; complex and packed 4-bit modes hold no movies this version reads."""


def look(name: str, file: BinaryIO) -> MovieOutline:
    """Compare the number of sections in the header with the size of the file.

    Raises
    ------
    MovieTruncated, MovieWrongType, OSError
        See `cloudlet.cryoem.formats.movie.look_at_movie`.
    """
    header = _header(name, file)
    rows, columns, sections = int(header["ny"]), int(header["nx"]), int(header["nz"])
    item_bytes = _ITEM_BYTES[int(header["mode"])]
    section_bytes = columns * rows * item_bytes
    there = (size_of(file) - _HEADER_BYTES - int(header["nsymbt"])) // section_bytes
    frames = max(0, min(sections, there))
    return MovieOutline(frames, frames < sections, rows, columns, item_bytes)


def read(name: str, file: BinaryIO) -> NDArray[np.generic]:
    """Return all sections, shape (frames, rows, columns), of a file whose `look` found them all there.

    Raises
    ------
    MovieUnreadable
        Header and data do not belong together.
    OSError
        The file cannot be read.
    """
    file.seek(0)
    try:
        data: NDArray[np.generic] = MrcInterpreter(iostream=file).data
    except ValueError as cause:
        raise MovieUnreadable(
            f"{name} cannot be read as MRC: {cause}.", "Copy the file again, or leave the movie out."
        ) from cause
    return data.reshape(-1, *data.shape[-2:])


def _header(name: str, file: BinaryIO) -> Any:
    """Return the header's fields; read without the library, which reserves what an untrue header asks for."""
    file.seek(0)
    raw = file.read(_HEADER_BYTES)
    if len(raw) < _HEADER_BYTES:
        raise MovieTruncated(
            f"{name} ends within its header.", "Copy the file again if it was copied, or leave the movie out."
        )
    header = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(_byte_order(name, raw)))[0]
    if header["mode"] not in _ITEM_BYTES or min(header["nx"], header["ny"], header["nz"]) < 1 or header["nsymbt"] < 0:
        raise MovieWrongType(
            f"{name} is an MRC file of mode {header['mode']}, which holds no movie that can be read.",
            "Let the camera save 8 or 16 bit integers.",
        )
    return header


def _byte_order(name: str, raw: bytes) -> str:
    header = np.frombuffer(raw, HEADER_DTYPE)[0]
    try:
        if header["map"][:3] != b"MAP":
            raise ValueError("it does not say MAP where it should")
        order: str = byte_order_from_machine_stamp(header["machst"])
    except ValueError as cause:
        raise MovieWrongType(
            f"{name} is called an MRC file but is none.", "Remove it from the raw folder, or give it its own name."
        ) from cause
    return order
