"""Pixels as viewers understand them: Raw, and Tight (fill, zlib, JPEG) without any memory between rectangles.

Tight's zlib streams are reset before every rectangle, and JPEG has none, so that a rectangle reads alike for a viewer
who has just come and a gateway may hand the same bytes to many.
"""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cloudlet.testbed.console.pixel_format import PixelFormat
from cloudlet.testbed.console.rectangles import Rect

__all__ = ["CURSOR", "QEMU_KEYS", "RAW", "TIGHT", "cursor", "jpeg", "jpeg_percent", "raw", "rectangle", "tight"]

RAW = 0
TIGHT = 7
CURSOR = -239
QEMU_KEYS = -258
_QUALITIES = range(-32, -22)
"""Tight's JPEG quality levels 0 to 9; a viewer that names none gets no JPEG."""

_FILL = 0x80
_JPEG = 0x90
_BASIC_RESET = 0x01
"""Basic compression in stream 0, which is reset first."""

_LEAST_COMPRESSED = 12
"""Bytes below which Tight sends pixels as they are."""

_ARROW = (
    "X           ",
    "XX          ",
    "X.X         ",
    "X..X        ",
    "X...X       ",
    "X....X      ",
    "X.....X     ",
    "X......X    ",
    "X.......X   ",
    "X........X  ",
    "X.....XXXXX ",
    "X..X..X     ",
    "X.X X..X    ",
    "XX  X..X    ",
    "X    X..X   ",
    "     XXX    ",
)
"""The pointer: X is its dark edge, a point its light middle."""


def rectangle(rect: Rect, encoding: int, body: bytes) -> bytes:
    """Return one rectangle of an update with its head."""
    return struct.pack(">HHHHi", rect.x, rect.y, rect.width, rect.height, encoding) + body


def raw(pixels: NDArray[np.uint8], pixel_format: PixelFormat) -> bytes:
    """Return `pixels`, shape (height, width, 3), uncompressed."""
    return pixel_format.pack(pixels)


def tight(pixels: NDArray[np.uint8], pixel_format: PixelFormat) -> bytes:
    """Return `pixels`, shape (height, width, 3), as a Tight fill or zlib rectangle, without loss."""
    first = pixels[0, 0]
    if (pixels == first).all():
        return bytes([_FILL]) + pixel_format.pack_tight(pixels[:1, :1])
    data = pixel_format.pack_tight(pixels)
    if len(data) < _LEAST_COMPRESSED:
        return bytes([_BASIC_RESET]) + data
    deflate = zlib.compressobj(1)
    # the stream is left open: some viewers take its end for an error
    packed = deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return bytes([_BASIC_RESET]) + _compact_length(len(packed)) + packed


def jpeg(grey: NDArray[np.uint8], percent: int) -> bytes:
    """Return a grey picture, shape (height, width), as a Tight JPEG rectangle."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey)).save(stream, "JPEG", quality=percent)
    return bytes([_JPEG]) + _compact_length(stream.tell()) + stream.getvalue()


def jpeg_percent(encodings: tuple[int, ...]) -> int | None:
    """Return the JPEG quality, 30 to 93, that a viewer's list of encodings asks for; None where it takes no JPEG."""
    level = next((number + 32 for number in encodings if number in _QUALITIES), None)
    return None if level is None else 30 + 7 * level


@lru_cache
def cursor(pixel_format: PixelFormat) -> bytes:
    """Return the pseudo-rectangle that gives a viewer the pointer to draw by itself."""
    height, width = len(_ARROW), len(_ARROW[0])
    letters = np.array([list(row) for row in _ARROW])
    pixels = np.where(letters == ".", 235, 20).astype(np.uint8)[..., None].repeat(3, axis=2)
    mask = np.packbits(letters != " ", axis=1).tobytes()
    return rectangle(Rect(0, 0, width, height), CURSOR, pixel_format.pack(pixels) + mask)


def _compact_length(length: int) -> bytes:
    """Return Tight's length: seven bits a byte, lowest first, at most three bytes."""
    if length < 0x80:
        return bytes([length])
    if length < 0x4000:
        return bytes([length & 0x7F | 0x80, length >> 7])
    return bytes([length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14])
