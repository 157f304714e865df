"""What the header of an MRC file says of how it was taken: FEI's extended header, and the size of the cell.

FEI1 and FEI2 keep a block of metadata for each section; voltages are volts and lengths metres, 0 where they are not
known. The main header's cell is in angstrom; programs that do not know it write 0, or 1 a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE, get_ext_header_dtype

from cloudlet.cryoem.formats.mrc_movie import HEADER_BYTES, byte_order_of, start_of

__all__ = ["MrcMetadata", "read_mrc_metadata"]

_BLOCK_BYTES = {b"FEI1": 768, b"FEI2": 888}
_FINEST, _COARSEST = 0.05, 100.0
"""Angstrom: pixels that there are."""


@dataclass(frozen=True)
class MrcMetadata:
    """None where the file does not say it."""

    voltage_kv: float | None = None
    pixel_size_angstrom: float | None = None


def read_mrc_metadata(name: str, file: BinaryIO) -> MrcMetadata:
    """Read the header and the first block of its extension.

    Raises
    ------
    MovieTruncated, MovieWrongType, OSError
        It is no MRC file, or ends within its header.
    """
    raw = start_of(name, file, HEADER_BYTES + max(_BLOCK_BYTES.values()))
    order = byte_order_of(name, raw)
    header = np.frombuffer(raw[:HEADER_BYTES], HEADER_DTYPE.newbyteorder(order))[0]
    voltage = None
    kind, there = bytes(header["exttyp"]), min(len(raw) - HEADER_BYTES, int(header["nsymbt"]))
    if there >= _BLOCK_BYTES.get(kind, math.inf):
        block = np.frombuffer(raw, get_ext_header_dtype(kind, order), 1, HEADER_BYTES)[0]
        pixel, volts = 1e10 * float(block["Pixel size X"]), float(block["HT"])
        voltage = volts / 1e3 if 0 < volts < 1e7 else None
        if _FINEST < pixel < _COARSEST:
            return MrcMetadata(voltage, pixel)
    columns = int(header["mx"])
    pixel = float(header["cella"]["x"]) / columns if columns > 0 else 0.0
    return MrcMetadata(voltage, pixel if _FINEST < pixel < _COARSEST and pixel != 1.0 else None)
