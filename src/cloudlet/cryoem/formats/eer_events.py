"""Electron events of EER frames, decoded without ever touching memory outside of two buffers.

An EER frame (Guo et al., IUCrJ 2020, 7:860, https://doi.org/10.1107/S205225252000929X) is a string of bits, the
lowest bit of each byte first: how many pixels are skipped, then, unless the skip is the largest number, where within
its pixel the next event lies. Skips run through the rows. The bits of the place are inverted in part: exclusive-or
with 1010 gives vertical, then horizontal position (so RELION and imagecodecs).

Few pixels of a frame hold an event, and an image does not fit into a processor's cache: frame after frame, most of
the time would go into waiting for memory. All frames of a fraction are therefore decoded side by side, a row of the
camera at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats.words import load_word_unchecked

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

    It takes a source with `SOURCE_MARGIN` bytes behind it, the bytes at which each frame ends in it, the bits of
    skip, vertical and horizontal position, the number of camera rows and columns, into how many parts each pixel is
    divided as a power of two, and the image, flat. It returns the first frame found to end too soon, or else how many
    frames there are. That all of these belong together is seen to by `add_events`, the one way in.
    """

    def count(source, ends, skip_bits, vertical, horizontal, rows, columns, finer, image):  # type: ignore[no-untyped-def]
        largest = (np.int64(1) << skip_bits) - 1
        whole = skip_bits + vertical + horizontal
        inverted = (np.int64(1) << (horizontal - 1)) | (np.int64(1) << (horizontal + vertical - 1))
        wide = np.int64(columns) << finer
        frames = len(ends)
        # of each frame, the bit that is read next, and the column behind the last event, seen from the row's first
        positions, reached = np.zeros(frames, np.int64), np.zeros(frames, np.int64)
        positions[1:] = ends[:-1] * 8
        for row in range(rows):
            line = (np.int64(row) << finer) * wide
            for frame in range(frames):
                bits = ends[frame] * 8
                position, column, again = positions[frame], reached[frame], np.int64(0)
                while column < columns:
                    if position + skip_bits > bits:
                        return frame
                    word = load(source, position >> 3) >> np.uint64(position & 7)
                    for _ in range(57 // whole if position + 64 <= bits else 1):
                        skip = np.int64(word & np.uint64(largest))
                        column += skip
                        if skip == largest:
                            position += skip_bits
                            break
                        if column >= columns:  # in a later row, where its skip is read again
                            again = skip
                            break
                        if position + whole > bits:
                            return frame
                        position += whole
                        if finer == 0:
                            image[np.uint64(line + column)] += 1
                        else:
                            bits_of_place = (np.int64(1) << (vertical + horizontal)) - 1
                            place = np.int64((word >> np.uint64(skip_bits)) & np.uint64(bits_of_place)) ^ inverted
                            part_y = (place >> horizontal) >> (vertical - finer)
                            part_x = (place & ((np.int64(1) << horizontal) - 1)) >> (horizontal - finer)
                            image[np.uint64(line + part_y * wide + (column << finer) + part_x)] += 1
                        column += 1
                        word >>= np.uint64(whole)
                positions[frame], reached[frame] = position, column - again - columns
        return frames

    return compiled(count)


def _compiled(function: Callable[..., Any]) -> Callable[..., int]:
    result: Callable[..., int] = numba.njit(nogil=True, cache=True)(function)
    return result


_count = build_counter(_compiled, load_word_unchecked)


def add_events(
    source: NDArray[np.uint8],
    sizes: Sequence[int],
    code: EventCode,
    shape: tuple[int, int],
    upsampling: int,
    image: NDArray[Any],
) -> int:
    """Add the events of several frames to an image; return the first found to end too soon, or how many there are.

    Parameters
    ----------
    source
        The frames' bytes, one after the other, and `SOURCE_MARGIN` more.
    sizes
        How many bytes each has.
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
    fits = image.flags.c_contiguous and image.size == shape[0] * shape[1] * upsampling**2 and min(shape) > 0
    narrow, wide = sorted((code.vertical, code.horizontal))
    fine_enough = 0 <= finer <= narrow <= wide <= 8 and 1 <= code.skip <= 16
    is_source = min(sizes, default=-1) >= 0 and sum(sizes) <= len(source) - SOURCE_MARGIN
    if not fits or not fine_enough or not is_source:
        raise ValueError("buffers and sizes of EER events do not belong together")
    ends = np.cumsum(sizes, dtype=np.int64)
    flat = image.reshape(-1)
    return _count(source, ends, code.skip, code.vertical, code.horizontal, shape[0], shape[1], finer, flat)
