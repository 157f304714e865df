"""Which descriptions of a pixel make sense (RFC 6143, section 7.4), before a server computes with them.

A server shifts by the shifts, divides by the maxima and builds tables as large as they say. Those of instruments are
old and never updated, so that none is to find out what a zero or a shift beyond the pixel does to it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cloudlet.access.rfb.errors import ProtocolError

__all__ = ["canonical_pixel_format"]

PIXEL_BITS = {8, 16, 32}
_FORMAT = struct.Struct("!BB??HHHBBB3x")


@dataclass(frozen=True)
class _Channel:
    """One of red, green and blue within a pixel."""

    maximum: int
    shift: int

    @property
    def bits(self) -> int:
        return self.maximum.bit_length()

    @property
    def mask(self) -> int:
        return self.maximum << self.shift

    @property
    def is_contiguous(self) -> bool:
        """Whether the maximum is one of 1, 3, 7, 15, ..."""
        return self.maximum > 0 and self.maximum & (self.maximum + 1) == 0


def canonical_pixel_format(data: bytes) -> bytes:
    """Return the 16 bytes of a pixel format as they may be sent: the flags 0 or 1, the padding empty.

    Colour maps are refused: the server would choose the colours, and no viewer of these days asks for it.

    Raises
    ------
    ProtocolError
        No picture can be written so; the message says why.
    """
    bits, depth, is_big_endian, is_true_colour, *numbers = _FORMAT.unpack(data)
    channels = [_Channel(maximum, shift) for maximum, shift in zip(numbers[:3], numbers[3:], strict=True)]
    problem = _problem(bits, depth, is_true_colour, channels)
    if problem is not None:
        raise ProtocolError(f"The viewer asks for pixels that cannot be: {problem}.")
    return _FORMAT.pack(bits, depth, is_big_endian, is_true_colour, *numbers)


def _problem(bits: int, depth: int, is_true_colour: bool, channels: list[_Channel]) -> str | None:
    if bits not in PIXEL_BITS:
        return f"they have {bits} bits"
    if not 0 < depth <= bits:
        return f"{depth} of their {bits} bits are used"
    if not is_true_colour:
        return "their colours come from a map"
    if not all(channel.is_contiguous for channel in channels):
        return "the largest value of a colour is not one of 1, 3, 7, 15 and so on"
    if any(channel.shift + channel.bits > bits for channel in channels):
        return "a colour lies outside of them"
    if sum(channel.bits for channel in channels) > depth:
        return "their colours need more bits than are used"
    red, green, blue = (channel.mask for channel in channels)
    return "their colours overlap" if red & green or red & blue or green & blue else None
