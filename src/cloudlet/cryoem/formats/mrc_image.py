"""Micrographs and stacks of particles as MRC of mode 2 (32 bit floats) or 12 (16 bit floats)."""

from __future__ import annotations

import math

import numba
import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

from cloudlet.cryoem.formats.atomic_write import atomic_write
from cloudlet.openat import FileBeneath

__all__ = ["write_image", "write_stack"]

_FLOAT, _HALF = 2, 12
"""MRC2014 modes."""

_LARGEST_HALF = 65504.0
_ROWS_AT_ONCE = 64
_LABEL = b"The Instrument Cloudlet"


def write_image(
    product: FileBeneath, image: NDArray[np.float32], pixel_size_angstrom: float, *, half_precision: bool = False
) -> None:
    """Write an image of shape (rows, columns) beside its final name, and rename it.

    Values that 16 bits cannot hold become the largest that they can.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    write_stack(product, image[None], pixel_size_angstrom, half_precision=half_precision)


def write_stack(
    product: FileBeneath, images: NDArray[np.float32], pixel_size_angstrom: float, *, half_precision: bool = False
) -> None:
    """Write images of shape (images, rows, columns), as `write_image` does."""
    header = _header(images, pixel_size_angstrom, _HALF if half_precision else _FLOAT)
    with atomic_write(product) as file:
        file.write(header)
        for image in images:
            for first in range(0, len(image), _ROWS_AT_ONCE):
                rows = image[first : first + _ROWS_AT_ONCE]
                file.write((_as_half(rows) if half_precision else np.ascontiguousarray(rows, "<f4")).data)


def _header(images: NDArray[np.float32], pixel_size_angstrom: float, mode: int) -> bytes:
    low, high, mean, rms = _statistics(images.reshape(-1, images.shape[-1]))
    header = np.zeros((), HEADER_DTYPE.newbyteorder("<"))
    count, rows, columns = images.shape
    header["nx"], header["ny"], header["nz"], header["mode"] = columns, rows, count, mode
    header["mx"], header["my"], header["mz"] = columns, rows, 1
    header["cella"] = (columns * pixel_size_angstrom, rows * pixel_size_angstrom, pixel_size_angstrom)
    header["cellb"] = (90.0, 90.0, 90.0)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    header["dmin"], header["dmax"], header["dmean"], header["rms"] = low, high, mean, rms
    header["nversion"], header["map"] = 20141, b"MAP "
    header["machst"] = [0x44, 0x44, 0, 0]
    header["nlabl"] = 1
    header["label"][0] = _LABEL
    return header.tobytes()


def _as_half(rows: NDArray[np.float32]) -> NDArray[np.uint16]:
    halves = np.empty(rows.shape, "<u2")
    _round_to_half(np.ascontiguousarray(np.clip(rows, -_LARGEST_HALF, _LARGEST_HALF)).view(np.uint32), halves)
    return halves


@numba.njit(nogil=True, cache=True)
def _round_to_half(bits, halves):  # type: ignore[no-untyped-def]
    """Round IEEE 754 single precision, given by its bits, to half precision, to the nearest and ties to even.

    Numbers below the smallest normal half (2^-14) go by the slower way of a sum with a number whose last bit is the
    smallest half there is.
    """
    for row in range(bits.shape[0]):
        for x in range(bits.shape[1]):
            value = bits[row, x]
            sign = (value >> np.uint32(16)) & np.uint32(0x8000)
            size = value & np.uint32(0x7FFFFFFF)
            if size >= np.uint32(0x38800000):
                odd = (size >> np.uint32(13)) & np.uint32(1)
                half = (size + np.uint32(0xC8000FFF) + odd) >> np.uint32(13)
            else:
                exponent = np.int64(size >> np.uint32(23))
                if exponent < 102:
                    half = np.uint32(0)
                else:
                    digits = (size & np.uint32(0x7FFFFF)) | np.uint32(0x800000)
                    shift = np.uint32(126 - exponent)
                    whole = digits >> shift
                    rest = digits & ((np.uint32(1) << shift) - np.uint32(1))
                    middle = np.uint32(1) << (shift - np.uint32(1))
                    up = rest > middle or (rest == middle and (whole & np.uint32(1)) == 1)
                    half = whole + np.uint32(1 if up else 0)
            halves[row, x] = np.uint16(sign | (half & np.uint32(0x7FFF)))


def _statistics(image: NDArray[np.float32]) -> tuple[float, float, float, float]:
    low, high, total, squares = _sums(np.ascontiguousarray(image))
    mean = total / image.size
    return low, high, mean, math.sqrt(max(0.0, squares / image.size - mean**2))


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _sums(image):  # type: ignore[no-untyped-def]
    """Return minimum, maximum, sum and sum of squares."""
    low, high = image[0, 0], image[0, 0]
    total, squares = 0.0, 0.0
    for row in range(image.shape[0]):
        part, square = np.float32(0), np.float32(0)
        for value in image[row]:
            low, high = min(low, value), max(high, value)
            part += value
            square += value * value
        total += part
        squares += square
    return low, high, total, squares
