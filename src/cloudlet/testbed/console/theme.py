"""Colours, type and shapes of the operator's screen: calm, dark, legible across a room."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from cloudlet.testbed.microscope import Tone

__all__ = [
    "ACCENT",
    "BACKGROUND",
    "CONTROL",
    "DIM",
    "EDGE",
    "FAINT",
    "FIELD",
    "PANEL",
    "PRESSED",
    "TEXT",
    "TONES",
    "Colour",
    "disc",
    "font",
    "rounded",
    "triangle",
]

Colour = tuple[int, int, int]

BACKGROUND: Colour = (11, 15, 19)
PANEL: Colour = (21, 27, 33)
EDGE: Colour = (38, 47, 56)
FIELD: Colour = (12, 17, 21)
CONTROL: Colour = (37, 46, 55)
PRESSED: Colour = (20, 90, 88)
TEXT: Colour = (218, 226, 232)
DIM: Colour = (146, 159, 170)
FAINT: Colour = (122, 135, 146)
ACCENT: Colour = (64, 186, 178)

TONES: dict[Tone, Colour] = {
    Tone.PLAIN: DIM,
    Tone.GOOD: (62, 190, 140),
    Tone.ATTENTION: (232, 170, 52),
    Tone.BAD: (236, 112, 70),
}
"""Okabe and Ito's hues, lightened for the dark ground."""

_FINE = 4
"""Shapes are drawn this much larger and scaled down, for smooth edges."""


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the one typeface at a size in pixels.

    Raises
    ------
    RuntimeError
        If this Pillow was built without FreeType; its wheels never are.
    """
    face = ImageFont.load_default(size)
    if not isinstance(face, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install its wheel.")
    return face


@lru_cache(maxsize=256)
def rounded(width: int, height: int, radius: int) -> Image.Image:
    """Return the mask of a filled box with round corners."""
    mask = Image.new("L", (width * _FINE, height * _FINE), 0)
    box = (0, 0, width * _FINE - 1, height * _FINE - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * _FINE, fill=255)
    return mask.resize((width, height), Image.Resampling.BOX)


@lru_cache
def disc(diameter: int) -> Image.Image:
    """Return the mask of a filled circle."""
    return rounded(diameter, diameter, diameter // 2)


@lru_cache
def triangle(size: int, direction_x: int, direction_y: int) -> Image.Image:
    """Return the mask of an arrow head that points along an axis of the screen (y downwards)."""
    fine = size * _FINE
    middle, tip, low, high = fine / 2, fine * 0.12, fine * 0.82, fine * 0.18
    points = [(middle, tip), (low, fine - high), (high, fine - high)]
    mask = Image.new("L", (fine, fine), 0)
    ImageDraw.Draw(mask).polygon(points, fill=255)
    turns = {(0, -1): 0, (-1, 0): 90, (0, 1): 180, (1, 0): 270}
    return mask.rotate(turns[direction_x, direction_y]).resize((size, size), Image.Resampling.BOX)
