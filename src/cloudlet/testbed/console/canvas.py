"""The pixels of the screen, and where they have changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cloudlet.testbed.console import theme
from cloudlet.testbed.console.rectangles import Rect
from cloudlet.testbed.console.theme import Colour

__all__ = ["Canvas", "Pad"]


class Canvas:
    """A framebuffer that remembers its damage.

    Parameters
    ----------
    width, height
        In pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.area = Rect(0, 0, width, height)
        self.pixels: NDArray[np.uint8] = np.empty((height, width, 3), np.uint8)
        """Shape (height, width, 3), red, green, blue; row 0 at the top. Readers do not write."""
        self.pixels[:] = theme.BACKGROUND
        self._damage: list[Rect] = [self.area]

    def paint(self, rect: Rect, picture: NDArray[np.uint8]) -> None:
        """Put a picture of shape (height, width, 3) in place; only what differs is damage."""
        target = self.pixels[rect.rows_columns]
        changed = (target != picture).any(axis=2)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if rows.size == 0:
            return
        target[:] = picture
        top, left = int(rows[0]), int(columns[0])
        self._damage.append(Rect(rect.x + left, rect.y + top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1))

    def mark(self, rect: Rect) -> None:
        """Count `rect` as damage: what is shown there is kept by somebody else."""
        self._damage.append(rect)

    def take_damage(self) -> list[Rect]:
        """Hand out where pixels have changed since the last call."""
        damage, self._damage = self._damage, []
        return damage


class Pad:
    """A small picture on which one widget draws itself, in its own coordinates.

    Parameters
    ----------
    width, height
        In pixels.
    ground
        The colour behind it.
    """

    def __init__(self, width: int, height: int, ground: Colour = theme.PANEL) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width, height), ground)
        self._draw = ImageDraw.Draw(self.image)

    def pixels(self) -> NDArray[np.uint8]:
        """Return what was drawn, shape (height, width, 3)."""
        return np.asarray(self.image)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: int = 14,
        colour: Colour = theme.TEXT,
        anchor: str = "lm",
        bold: bool = False,
    ) -> None:
        """Write one line with its anchor (Pillow's two letters; left and middle by default) at a point."""
        weight = 0.35 if bold else 0.0
        self._draw.text((x, y), words, fill=colour, font=theme.font(size), anchor=anchor, stroke_width=weight)

    def fit(self, words: str, width: float, size: int = 14) -> str:
        """Return `words`, shortened at the end until they are no wider than `width`."""
        face = theme.font(size)
        if face.getlength(words) <= width:
            return words
        while words and face.getlength(words + "...") > width:
            words = words[:-1]
        return words + "..."

    def box(self, rect: Rect, fill: Colour, *, edge: Colour | None = None, radius: int = 5, line: int = 1) -> None:
        """Fill a box with round corners, with an edge inside of it where one is wanted."""
        if rect.is_empty:
            return
        self._stamp(rect.x, rect.y, theme.rounded(rect.width, rect.height, radius), edge or fill)
        if edge is not None:
            inner = Rect(rect.x + line, rect.y + line, rect.width - 2 * line, rect.height - 2 * line)
            self._stamp(inner.x, inner.y, theme.rounded(inner.width, inner.height, max(radius - line, 0)), fill)

    def rule(self, x: int, y: int, width: int) -> None:
        """Draw a hairline."""
        self._draw.line((x, y, x + width - 1, y), fill=theme.EDGE)

    def lamp(self, x: int, y: int, colour: Colour, diameter: int = 9) -> None:
        """Draw a filled circle around a point."""
        self._stamp(x - diameter // 2, y - diameter // 2, theme.disc(diameter), colour)

    def arrow(self, x: int, y: int, direction: tuple[int, int], colour: Colour, size: int = 16) -> None:
        """Draw an arrow head around a point; `direction` is (x, y) on the screen, y downwards."""
        self._stamp(x - size // 2, y - size // 2, theme.triangle(size, *direction), colour)

    def _stamp(self, x: int, y: int, mask: Image.Image, colour: Colour) -> None:
        self.image.paste(colour, (x, y, x + mask.width, y + mask.height), mask)
