"""How a viewer wants its pixels (RFC 6143, section 7.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.console.errors import ProtocolViolation

__all__ = ["NATIVE", "PixelFormat"]

_LAYOUT = struct.Struct(">BBBBHHHBBBxxx")


@dataclass(frozen=True)
class PixelFormat:
    """A true-colour pixel format; maxima are 2^n - 1, shifts count from the lowest bit."""

    bits: int = 32
    depth: int = 24
    is_big_endian: bool = False
    maxima: tuple[int, int, int] = (255, 255, 255)
    shifts: tuple[int, int, int] = (16, 8, 0)

    @classmethod
    def parse(cls, data: bytes) -> PixelFormat:
        """Read the sixteen bytes of the protocol.

        Raises
        ------
        ProtocolViolation
            If it has a colour map, or fields that contradict each other.
        """
        bits, depth, big, true_colour, *numbers = _LAYOUT.unpack(data)
        red, green, blue, *shifts = numbers
        if not true_colour:
            raise ProtocolViolation("A viewer asked for a colour map.", "Choose true colour in the viewer.")
        maxima = (red, green, blue)
        fits = all(value & (value + 1) == 0 < value for value in maxima) and all(
            shift + value.bit_length() <= bits for shift, value in zip(shifts, maxima, strict=True)
        )
        if bits not in (8, 16, 32) or not fits:
            raise ProtocolViolation(f"A viewer asked for an impossible pixel format of {bits} bits.")
        return cls(bits, depth, bool(big), maxima, (shifts[0], shifts[1], shifts[2]))

    def to_bytes(self) -> bytes:
        """Return the sixteen bytes of the protocol."""
        return _LAYOUT.pack(self.bits, self.depth, self.is_big_endian, 1, *self.maxima, *self.shifts)

    @property
    def is_compact(self) -> bool:
        """Whether Tight sends three bytes a pixel: 32 bits that hold eight each of red, green and blue."""
        return self.bits == 32 and self.depth == 24 and self.maxima == (255, 255, 255)

    def pack(self, pixels: NDArray[np.uint8]) -> bytes:
        """Return `pixels`, shape (height, width, 3), as this format lays them out."""
        packed = np.zeros(pixels.shape[:2], np.uint32)
        for channel, (most, shift) in enumerate(zip(self.maxima, self.shifts, strict=True)):
            values = pixels[..., channel].astype(np.uint32)
            packed |= (values if most == 255 else values * most // 255) << np.uint32(shift)
        order = ">" if self.is_big_endian else "<"
        return packed.astype(f"{order}u{self.bits // 8}").tobytes()

    def pack_tight(self, pixels: NDArray[np.uint8]) -> bytes:
        """Return `pixels` as Tight sends them: red, green, blue where that is enough, else as `pack`."""
        return np.ascontiguousarray(pixels).tobytes() if self.is_compact else self.pack(pixels)


NATIVE = PixelFormat()
"""What the server announces: 32 bits, blue lowest."""
