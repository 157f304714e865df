"""The parts of the screen that show something: frames, titles, readings, bars and log lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cloudlet.testbed.console import theme
from cloudlet.testbed.console.canvas import Pad
from cloudlet.testbed.console.layout import LAYOUT
from cloudlet.testbed.console.rectangles import Rect
from cloudlet.testbed.microscope import MicroscopeSnapshot, Tone

__all__ = ["Bar", "ControlState", "Frame", "Progress", "Reading", "StatusText", "Title", "Widget", "Words"]

Face = TypeVar("Face", bound=Hashable)


@dataclass(frozen=True)
class ControlState:
    """How hands change the way a control is drawn."""

    is_focused: bool = False
    is_pressed: bool = False
    typed: str | None = None
    """What is being typed into a field and not yet accepted."""


class Widget(ABC, Generic[Face]):
    """One part of the screen; it is drawn anew only when its face or its look has changed.

    Parameters
    ----------
    name
        Its name in `LAYOUT`, which is where it stands.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rect: Rect = LAYOUT[name]

    @abstractmethod
    def face(self, state: MicroscopeSnapshot) -> Face:
        """Return what it shows of the microscope: two equal faces are drawn alike."""

    @abstractmethod
    def draw(self, face: Face, look: ControlState) -> Pad:
        """Return its picture, of the size of `rect`."""

    def pad(self) -> Pad:
        """Return an empty picture of its size."""
        return Pad(self.rect.width, self.rect.height)


class Frame(Widget[str]):
    """A panel with a title, on which others are drawn."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__(name)
        self._title = title

    def face(self, state: MicroscopeSnapshot) -> str:
        """Return the title: a frame never changes."""
        return self._title

    def draw(self, face: str, look: ControlState) -> Pad:
        """Return the box with its title."""
        pad = Pad(self.rect.width, self.rect.height, theme.BACKGROUND)
        pad.box(Rect(0, 0, self.rect.width, self.rect.height), theme.PANEL, edge=theme.EDGE, radius=6)
        pad.text(13, 22, face, size=15, bold=True)
        return pad


class Title(Widget[str]):
    """Words that never change."""

    def __init__(self, name: str, words: str, *, colour: theme.Colour = theme.DIM, size: int = 14) -> None:
        super().__init__(name)
        self._words, self._colour, self._size = words, colour, size

    def face(self, state: MicroscopeSnapshot) -> str:
        """Return the words."""
        return self._words

    def draw(self, face: str, look: ControlState) -> Pad:
        """Return the words, at the left."""
        pad = self.pad()
        pad.text(0, self.rect.height / 2, face, size=self._size, colour=self._colour)
        return pad


@dataclass(frozen=True)
class StatusText:
    """A value in words, and how it is meant."""

    words: str
    tone: Tone = Tone.PLAIN


class Reading(Widget[StatusText]):
    """A lamp, a title and a value."""

    def __init__(
        self, name: str, title: str, show: Callable[[MicroscopeSnapshot], StatusText], *, has_lamp: bool = True
    ) -> None:
        super().__init__(name)
        self._title, self._show, self._has_lamp = title, show, has_lamp

    def face(self, state: MicroscopeSnapshot) -> StatusText:
        """Return the value."""
        return self._show(state)

    def draw(self, face: StatusText, look: ControlState) -> Pad:
        """Return lamp and title at the left, the value at the right."""
        pad, middle = self.pad(), self.rect.height // 2
        indent = 16 if self._has_lamp else 0
        if self._has_lamp:
            pad.lamp(5, middle, theme.TONES[face.tone] if face.tone is not Tone.PLAIN else theme.FAINT)
        pad.text(indent, middle, self._title, colour=theme.DIM)
        room = self.rect.width - indent - theme.font(14).getlength(self._title) - 12
        pad.text(self.rect.width, middle, pad.fit(face.words, room), anchor="rm")
        return pad


class Words(Widget[tuple[StatusText, ...]]):
    """Lines of text that change, each coloured by its tone."""

    def __init__(
        self, name: str, show: Callable[[MicroscopeSnapshot], tuple[StatusText, ...]], *, size: int = 13
    ) -> None:
        super().__init__(name)
        self._show, self._size = show, size

    def face(self, state: MicroscopeSnapshot) -> tuple[StatusText, ...]:
        """Return the lines."""
        return self._show(state)

    def draw(self, face: tuple[StatusText, ...], look: ControlState) -> Pad:
        """Return the lines below each other."""
        pad = self.pad()
        for row, line in enumerate(face):
            words = pad.fit(line.words, self.rect.width, self._size)
            pad.text(0, 10 + 20 * row, words, size=self._size, colour=theme.TONES[line.tone])
        return pad


@dataclass(frozen=True)
class Progress:
    """How far something has come."""

    part: float
    """From 0 to 1."""

    words: str
    is_running: bool


class Bar(Widget[Progress]):
    """A title, a count, and a bar below both."""

    def __init__(self, name: str, title: str, show: Callable[[MicroscopeSnapshot], Progress]) -> None:
        super().__init__(name)
        self._title, self._show = title, show

    def face(self, state: MicroscopeSnapshot) -> Progress:
        """Return how far it has come."""
        return self._show(state)

    def draw(self, face: Progress, look: ControlState) -> Pad:
        """Return title and count above the bar."""
        pad, width = self.pad(), self.rect.width
        pad.text(0, 10, self._title, colour=theme.DIM)
        pad.text(width, 10, face.words, anchor="rm")
        pad.box(Rect(0, 24, width, 10), theme.FIELD, edge=theme.EDGE, radius=5)
        filled = round(min(max(face.part, 0.0), 1.0) * (width - 2))
        colour = theme.ACCENT if face.is_running else theme.FAINT
        if filled >= 8:
            pad.box(Rect(1, 25, filled, 8), colour, radius=4)
        return pad
