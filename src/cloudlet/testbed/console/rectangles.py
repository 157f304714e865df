"""Rectangles of the screen, and the bounded set of them that a viewer has not seen yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Rect", "Region"]


@dataclass(frozen=True, order=True)
class Rect:
    """A rectangle in pixels of the screen, (0, 0) at the top left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column behind it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.height

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.width <= 0 or self.height <= 0

    @property
    def centre(self) -> tuple[int, int]:
        """The pixel in its middle, (x, y): where to click."""
        return self.x + self.width // 2, self.y + self.height // 2

    @property
    def rows_columns(self) -> tuple[slice, slice]:
        """What selects it in an array with rows first."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def holds(self, x: int, y: int) -> bool:
        """Say whether a pixel lies inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def covers(self, other: Rect) -> bool:
        """Say whether every pixel of `other` lies inside."""
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom

    def overlap(self, other: Rect) -> Rect:
        """Return the common rectangle; an empty one where there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        return Rect(x, y, max(width, 0), max(height, 0))

    def without(self, hole: Rect) -> list[Rect]:
        """Return at most four rectangles that are this one but for `hole`: above, left, right, below."""
        cut = self.overlap(hole)
        if cut.is_empty:
            return [self]
        parts = (
            Rect(self.x, self.y, self.width, cut.y - self.y),
            Rect(self.x, cut.y, cut.x - self.x, cut.height),
            Rect(cut.right, cut.y, self.right - cut.right, cut.height),
            Rect(self.x, cut.bottom, self.width, self.bottom - cut.bottom),
        )
        return [part for part in parts if not part.is_empty]

    def around(self, other: Rect) -> Rect:
        """Return the smallest rectangle that covers both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rect(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)


class Region:
    """Rectangles that together cover what has changed, none of them overlapping another.

    Parameters
    ----------
    most
        How many rectangles are kept apart; beyond that they are joined into one, so that a viewer who never asks
        costs no memory.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._rects: list[Rect] = []

    def __bool__(self) -> bool:
        return bool(self._rects)

    def __iter__(self) -> Iterator[Rect]:
        return iter(self._rects)

    def touches(self, area: Rect) -> bool:
        """Say whether any pixel of `area` is in it."""
        return any(not rect.overlap(area).is_empty for rect in self._rects)

    def add(self, rect: Rect) -> None:
        """Take in one more rectangle."""
        if rect.is_empty or any(known.covers(rect) for known in self._rects):
            return
        self._rects = [piece for known in self._rects for piece in known.without(rect)] + [rect]
        if len(self._rects) > self._most:
            whole = self._rects[0]
            for known in self._rects[1:]:
                whole = whole.around(known)
            self._rects = [whole]

    def update(self, rects: Iterable[Rect]) -> None:
        """Take in several rectangles."""
        for rect in rects:
            self.add(rect)

    def take(self, area: Rect) -> list[Rect]:
        """Hand out what lies inside `area` and keep the rest."""
        inside = [cut for rect in self._rects if not (cut := rect.overlap(area)).is_empty]
        self._rects = [piece for rect in self._rects for piece in rect.without(area)]
        return inside
