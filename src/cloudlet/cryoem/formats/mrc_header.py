"""The header of MRC files, and what it says of how a file was taken: FEI's extended header, and the size of the cell.

MRC2014 (Cheng et al., J. Struct. Biol. 2015, 192:146, https://doi.org/10.1016/j.jsb.2015.04.002), and what IMOD adds:
mode 101 packs two pixels of 4 bits into a byte, the first in the low half; rows begin with a new byte. Mode 0 is
signed, unless the file has IMOD's stamp without its flag for signed bytes. Files may be compressed as a whole, by
gzip or bzip2.

FEI1 and FEI2 keep a block of metadata for each section; voltages are volts and lengths metres, 0 where they are not
known. The main header's cell is in angstrom; programs that do not know it write 0, or 1 a pixel.
"""

from __future__ import annotations

import bz2
import gzip
import math
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE, get_ext_header_dtype
from mrcfile.utils import byte_order_from_machine_stamp

from cloudlet.cryoem.errors import MovieTruncated, MovieWrongType
from cloudlet.cryoem.formats.outline import FileMetadata

__all__ = ["PACKED", "Compression", "MrcHeader", "MrcLayout", "decompressed", "read_header"]

Compression = Literal["gz", "bz2"]

_HEADER_BYTES = 1024
_BLOCK_BYTES = {b"FEI1": 768, b"FEI2": 888}
PACKED = 101
"""IMOD's mode of 4 bits a pixel."""
_TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2", PACKED: "u1"}
"""MRC2014 mode to type of a pixel; complex modes hold no movies."""

_IMOD_STAMP, _SIGNED_FLAG = 1146047817, 1
_STAMP_PLACE, _FLAGS_PLACE = 152, 156

_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
_FINEST, _COARSEST = 0.05, 100.0
"""Angstrom: pixels that there are."""


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
        return (self.columns + 1) // 2 if self.mode == PACKED else self.columns * self.dtype.itemsize

    @property
    def section_bytes(self) -> int:
        """Bytes of one section."""
        return self.rows * self.row_bytes

    @property
    def decoded(self) -> np.dtype[Any]:
        """Type of the pixels as they are handed on; half precision is widened, for nothing computes with it."""
        native = self.dtype.newbyteorder("=")
        return np.dtype(np.float32) if native == np.float16 else native


@dataclass(frozen=True)
class MrcHeader:
    """The first bytes of a file, read once, without the library, which reserves what an untrue header asks for."""

    name: str
    raw: bytes
    """Decompressed: the main header, and the first block of its extension where there is one."""
    order: Literal["<", ">"]
    """Of its bytes."""
    compression: Compression | None
    """Of the file as a whole."""

    @property
    def values(self) -> Any:
        """The fields of the main header."""
        return np.frombuffer(self.raw[:_HEADER_BYTES], HEADER_DTYPE.newbyteorder(self.order))[0]

    def layout(self) -> MrcLayout:
        """Return where the sections lie.

        Raises
        ------
        MovieWrongType
            It holds no sections that can be read.
        """
        header = self.values
        mode = int(header["mode"])
        if mode not in _TYPES or min(header["nx"], header["ny"], header["nz"]) < 1 or header["nsymbt"] < 0:
            raise MovieWrongType(
                f"{self.name} is an MRC file of mode {mode} and {header['nx']} × {header['ny']} × {header['nz']} "
                "pixels, which holds no movie that can be read.",
                "Let the camera save 8 or 16 bit integers.",
            )
        kind = "u1" if mode == 0 and _has_unsigned_bytes(self.raw[:_HEADER_BYTES], self.order) else _TYPES[mode]
        first = _HEADER_BYTES + int(header["nsymbt"])
        rows, columns = int(header["ny"]), int(header["nx"])
        return MrcLayout(mode, np.dtype(kind).newbyteorder(self.order), int(header["nz"]), rows, columns, first)

    def metadata(self) -> FileMetadata | None:
        """Return what the header and the first block of its extension say, None where it is nothing."""
        header, voltage, pixel = self.values, None, None
        kind, there = bytes(header["exttyp"]), min(len(self.raw) - _HEADER_BYTES, int(header["nsymbt"]))
        if there >= _BLOCK_BYTES.get(kind, math.inf):
            block = np.frombuffer(self.raw, get_ext_header_dtype(kind, self.order), 1, _HEADER_BYTES)[0]
            volts = float(block["HT"])
            voltage = volts / 1e3 if 0 < volts < 1e7 else None
            pixel = _plausible(1e10 * float(block["Pixel size X"]))
        if pixel is None and int(header["mx"]) > 0:
            pixel = _plausible(float(header["cella"]["x"]) / int(header["mx"]))
            pixel = None if pixel == 1.0 else pixel
        return None if voltage is None and pixel is None else FileMetadata(voltage, pixel)


def read_header(name: str, file: BinaryIO) -> MrcHeader:
    """Read the first bytes of a file.

    Raises
    ------
    MovieTruncated
        It ends within its header, or cannot be decompressed.
    MovieWrongType, OSError
        It is no MRC file, or cannot be read.
    """
    compression = _compression_of(file)
    raw = _start_of(name, file, compression, _HEADER_BYTES + max(_BLOCK_BYTES.values()))
    return MrcHeader(name, raw, _byte_order_of(name, raw), compression)


def decompressed(file: BinaryIO, compression: Compression) -> BinaryIO:
    """Return a stream of what a compressed file holds, from its beginning."""
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if compression == "gz" else bz2.BZ2File(file)  # type: ignore[return-value]


def _compression_of(file: BinaryIO) -> Compression | None:
    file.seek(0)
    start = file.read(3)
    return "gz" if start[:2] == _GZIP else "bz2" if start == _BZIP2 else None


def _start_of(name: str, file: BinaryIO, compression: Compression | None, size: int) -> bytes:
    """Return the first bytes of a file, decompressed where it is compressed; fewer where it has no more."""
    file.seek(0)
    if compression is None:
        return file.read(size)
    try:
        return decompressed(file, compression).read(size)
    except (OSError, EOFError, zlib.error) as cause:
        raise MovieTruncated(
            f"{name} cannot be decompressed.", "Copy the file again if it was copied, or leave the movie out."
        ) from cause


def _byte_order_of(name: str, raw: bytes) -> Literal["<", ">"]:
    if len(raw) < _HEADER_BYTES:
        raise MovieTruncated(
            f"{name} ends within its header.", "Copy the file again if it was copied, or leave the movie out."
        )
    header = np.frombuffer(raw[:_HEADER_BYTES], HEADER_DTYPE)[0]
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
    """Return whether bytes are unsigned, by IMOD's stamp and flags; without it signed, as MRC2014 says."""
    words = np.frombuffer(raw, np.dtype("i4").newbyteorder(order))
    is_stamped = int(words[_STAMP_PLACE // 4]) == _IMOD_STAMP
    return is_stamped and not int(words[_FLAGS_PLACE // 4]) & _SIGNED_FLAG


def _plausible(pixel_size_angstrom: float) -> float | None:
    return pixel_size_angstrom if _FINEST < pixel_size_angstrom < _COARSEST else None
