"""Electron events of one EER frame, decoded without ever touching memory outside of two buffers.

An EER frame (Guo et al., IUCrJ 2020, 7:860, https://doi.org/10.1107/S205225252000929X) is a string of bits, the
lowest bit of each byte first: how many pixels are skipped, then, unless the skip is the largest number, where within
its pixel the next event lies. Skips run through the rows. The bits of the place are inverted in part: exclusive-or
with 1010 gives vertical, then horizontal position (so RELION and imagecodecs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats.words import load_word

__all__ = ["SOURCE_MARGIN", "EventCode", "add_events", "build_counter"]

SOURCE_MARGIN = 8
"""Bytes behind the source that are read and not used."""


@dataclass(frozen=True)
class EventCode:
    """How many bits say what."""

    skip: int
    vertical: int
    horizontal: int


def build_counter(
    compiled: Callable[[Callable[..., Any]], Callable[..., int]], load: Callable[[Any, int], Any]
) -> Callable[..., int]:
    """Return the function that adds events to an image, compiled in some way; tests hand in one that checks.

    It takes a source with `SOURCE_MARGIN` bytes behind its `size`, the bits of skip, vertical and horizontal
    position, the number of camera rows and columns, into how many parts each pixel is divided as a power of two, and
    the image, flat. It returns how many camera pixels it has gone through: fewer than there are where the source ends
    too soon.
    """

    def count(source, size, skip_bits, vertical, horizontal, rows, columns, finer, image):  # type: ignore[no-untyped-def]
        bits = np.int64(size) * 8
        total = np.int64(rows) * columns
        largest = (np.int64(1) << skip_bits) - 1
        whole = skip_bits + vertical + horizontal
        inverted = (np.int64(1) << (horizontal - 1)) | (np.int64(1) << (horizontal + vertical - 1))
        wide = np.int64(columns) << finer
        position = np.int64(0)
        pixel = np.int64(0)
        while position + skip_bits <= bits:
            word = load(source, position >> 3) >> np.uint64(position & 7)
            skip = np.int64(word & np.uint64(largest))
            pixel += skip
            if skip == largest:
                position += skip_bits
                continue
            if pixel >= total:
                pixel = total
                break
            if position + whole > bits:
                break
            position += whole
            if finer == 0:
                image[pixel] += 1
            else:
                place = (
                    np.int64((word >> np.uint64(skip_bits)) & np.uint64((1 << (vertical + horizontal)) - 1)) ^ inverted
                )
                row, column = pixel // columns, pixel % columns
                part_y = (place >> horizontal) >> (vertical - finer)
                part_x = (place & ((np.int64(1) << horizontal) - 1)) >> (horizontal - finer)
                image[((row << finer) + part_y) * wide + (column << finer) + part_x] += 1
            pixel += 1
        return min(pixel, total)

    return compiled(count)


def _compiled(function: Callable[..., Any]) -> Callable[..., int]:
    result: Callable[..., int] = numba.njit(nogil=True, cache=True)(function)
    return result


_count = build_counter(_compiled, load_word)


def add_events(
    source: NDArray[np.uint8], size: int, code: EventCode, shape: tuple[int, int], upsampling: int, image: NDArray[Any]
) -> bool:
    """Add the events of one frame to an image; return whether the frame is all there.

    Parameters
    ----------
    source
        The frame's bytes, and `SOURCE_MARGIN` more.
    size
        How many they are.
    code
        What the bits say.
    shape
        Rows and columns of the camera.
    upsampling
        1, 2 or 4.
    image
        Contiguous, of `upsampling` times the shape; uint8 or uint16.

    Raises
    ------
    ValueError
        Buffers and sizes do not belong together, or the code has no positions as fine as asked.
    """
    finer = {1: 0, 2: 1, 4: 2}.get(upsampling, -1)
    fits = image.flags.c_contiguous and image.size == shape[0] * shape[1] * upsampling**2
    narrow, wide = sorted((code.vertical, code.horizontal))
    fine_enough = 0 <= finer <= narrow <= wide <= 8 and 1 <= code.skip <= 16
    if not fits or not fine_enough or not 0 <= size <= len(source) - SOURCE_MARGIN or min(shape) < 1:
        raise ValueError("buffers and sizes of EER events do not belong together")
    flat = image.reshape(-1)
    gone = _count(source, size, code.skip, code.vertical, code.horizontal, shape[0], shape[1], finer, flat)
    return bool(gone == shape[0] * shape[1])
