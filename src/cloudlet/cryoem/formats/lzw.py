"""TIFF's LZW (TIFF Revision 6.0, section 13), decoded without ever touching memory outside of two buffers.

Theory of operation. Codes are 9 to 12 bits, the first bit first. Code 256 clears the table, 257 ends the data; every
other code stands for a string, and adds to the table the string before it with its own first byte behind it. That new
string already lies in what has been decoded, from where the string before it begins: an entry is a place and a
length, and decoding is copying from further up in the same buffer. The 256 single bytes are strings too: they stand
in front of the output, so that frequent short strings of any kind take the same way and no branch has to guess.

Copies go in words of eight bytes and may run up to seven bytes too far, where the next string goes over them; behind
the last byte of the output there is a margin for that. Places and lengths come from the table alone, never from the
file, and a place plus its length never lies beyond what is decoded; the one check a code needs is that its string
still fits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats.words import load_word_unchecked, store_word_unchecked

__all__ = ["LEAD", "MARGIN", "SOURCE_MARGIN", "LzwScratch", "build_decoder"]

LEAD = 256
"""Bytes in front of the output: the strings of one byte."""
MARGIN = 8
"""Bytes behind it that copies may run over; they run over seven."""
SOURCE_MARGIN = 8
"""Bytes behind the source that are read and not used."""

_CLEAR, _END, _FIRST_FREE = 256, 257, 258
_TABLE = 4096
_BROKEN = -1


def build_decoder(
    compiled: Callable[[Callable[..., Any]], Callable[..., int]],
    load: Callable[[Any, int], Any],
    store: Callable[[Any, int, Any], None],
) -> Callable[..., int]:
    """Return the decoder, compiled in some way and with some instructions for words; tests hand in ones that check.

    The decoder takes a source with `SOURCE_MARGIN` bytes behind its `size`, a target of `LEAD` bytes, the wanted number
    of bytes and `MARGIN`, and a table of `_TABLE` numbers. It returns how many bytes it has decoded, at most those
    wanted, or -1 where the codes make no sense. That all of these belong together is seen to by `LzwScratch`, the one
    way in.
    """

    def decode(source, size, target, wanted, table):  # type: ignore[no-untyped-def]
        start = np.int64(LEAD)
        limit = start + wanted
        bits = np.int64(size) * 8
        position = np.int64(0)
        place = start
        width = np.int64(9)
        free = np.int64(_FIRST_FREE)
        switch = np.int64(511)
        before = np.int64(-1)  # the string before, as an entry one byte longer: 0x10000 * place + length
        while position + width <= bits and place < limit:
            word = load(source, position >> 3)
            # the bytes the other way round, the first one on top
            word = ((word & np.uint64(0x00FF00FF00FF00FF)) << np.uint64(8)) | (
                (word >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
            )
            word = ((word & np.uint64(0x0000FFFF0000FFFF)) << np.uint64(16)) | (
                (word >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)
            )
            word = (word << np.uint64(32)) | (word >> np.uint64(32))
            code = np.int64((word << np.uint64(position & 7)) >> np.uint64(64 - width))
            position += width
            if code == _END:
                break
            if code == _CLEAR:
                width, free, switch, before = np.int64(9), np.int64(_FIRST_FREE), np.int64(511), np.int64(-1)
                continue
            is_own = code == free
            if before < 0:
                if code > 255:
                    return _BROKEN
            elif free < _TABLE:
                table[free] = before
                free += 1
                if free == switch and width < 12:
                    width += 1
                    switch = 2 * switch + 1
            if code >= free:
                return _BROKEN
            entry = table[code]
            origin, length = entry >> 16, entry & 0xFFFF
            if place + length > limit:
                length = limit - place  # the rest belongs to nobody; decoders of the field leave it out
                is_own = False
            store(target, place, load(target, origin))
            done = np.int64(8)
            while done < length:
                store(target, place + done, load(target, origin + done))
                done += 8
            if is_own:
                # a string that ends in the byte it begins with, which was not there yet when it was copied
                target[place + length - 1] = target[place]
            before = (place << 16) | (length + 1)
            place += length
        return place - start

    return compiled(decode)


def _compiled(function: Callable[..., Any]) -> Callable[..., int]:
    result: Callable[..., int] = numba.njit(nogil=True, cache=True)(function)
    return result


_decode = build_decoder(_compiled, load_word_unchecked, store_word_unchecked)


def _zeros(size: int) -> NDArray[np.uint8]:
    return np.zeros(size, np.uint8)


class LzwScratch:
    """Room for decoding strips of up to some size; one for each thread.

    Parameters
    ----------
    largest_source, largest_strip
        Bytes of a strip as it is coded, and decoded.
    room
        Makes the buffers: an array of so many bytes, all 0.
    """

    def __init__(
        self, largest_source: int, largest_strip: int, room: Callable[[int], NDArray[np.uint8]] = _zeros
    ) -> None:
        self.source = room(largest_source + SOURCE_MARGIN)
        self._target = room(LEAD + largest_strip + MARGIN)
        self._target[:LEAD] = np.arange(LEAD)
        self._table = np.zeros(_TABLE, np.int64)
        self._table[:LEAD] = (np.arange(LEAD) << 16) | 1
        self._largest_source, self._largest_strip = largest_source, largest_strip

    def decode(self, size: int, wanted: int) -> NDArray[np.uint8] | None:
        """Decode the first `size` bytes of the source, None where they do not give what is wanted; a view."""
        if not 0 <= size <= self._largest_source or not 0 <= wanted <= self._largest_strip:
            return None
        if _decode(self.source, size, self._target, wanted, self._table) != wanted:
            return None
        return self._target[LEAD : LEAD + wanted]
