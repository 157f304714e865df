"""The operator's screen: everything that is drawn, and what hands do to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.console import panels
from cloudlet.testbed.console.acquisition_panel import acquisition
from cloudlet.testbed.console.canvas import Canvas
from cloudlet.testbed.console.controls import Button, Field, Hold
from cloudlet.testbed.console.input_state import InputState
from cloudlet.testbed.console.layout import HEIGHT, LIVE, WIDTH
from cloudlet.testbed.console.live_picture import dark
from cloudlet.testbed.console.rectangles import Rect
from cloudlet.testbed.console.widgets import ControlState, Widget
from cloudlet.testbed.microscope import Microscope

__all__ = ["Screen"]

_PLAIN = ControlState()


class Screen:
    """A framebuffer of the microscope's state; one thread at a time.

    Parameters
    ----------
    microscope
        What is shown and operated.
    monotonic
        Seconds, for buttons that repeat.
    """

    def __init__(self, microscope: Microscope, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._microscope = microscope
        self._canvas = Canvas(WIDTH, HEIGHT)
        self._widgets: list[Widget[Any]] = [
            panels.Header(),
            panels.Clock(),
            *acquisition(),
            *panels.live(),
            *panels.stage(),
            *panels.column(),
            *panels.log(),
        ]
        self._controls = {widget.name: widget for widget in self._widgets if isinstance(widget, Button | Hold | Field)}
        self._input_state = InputState(list(self._controls.values()), microscope, monotonic)
        self._drawn: dict[str, Hashable] = {}
        self._live = dark("Live view", "The first picture is being taken.")
        self._is_stale = False
        self._refresh()

    @property
    def area(self) -> Rect:
        """The whole screen."""
        return self._canvas.area

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The screen as it is now, shape (height, width, 3), red, green, blue, row 0 at the top; not to be written."""
        self._canvas.pixels[LIVE.rows_columns] = self._live[..., None]
        return self._canvas.pixels

    def drawing(self, rect: Rect) -> NDArray[np.uint8]:
        """Return a part that holds nothing of the live view, shape (height, width, 3); not to be written."""
        return self._canvas.pixels[rect.rows_columns]

    def photo(self, rect: Rect) -> NDArray[np.uint8]:
        """Return a part of the live view, grey, shape (height, width); not to be written."""
        return self._live[Rect(rect.x - LIVE.x, rect.y - LIVE.y, rect.width, rect.height).rows_columns]

    @property
    def is_held(self) -> bool:
        """Whether somebody holds a button or key down, so that `tick` may change something by itself."""
        return self._input_state.is_holding

    def pointer(self, x: int, y: int, buttons: int) -> None:
        """Move the pointer to a pixel, with the mask of buttons that are down (bit 0: left)."""
        self._is_stale |= self._input_state.pointer(x, y, buttons)

    def key(self, keysym: int, *, is_down: bool) -> None:
        """Press or release a key, named by its X11 keysym."""
        self._input_state.key(keysym, is_down=is_down)
        self._is_stale = True

    def tick(self) -> None:
        """Let time pass: held buttons repeat, and what the microscope did by itself is drawn."""
        self._input_state.tick()
        self._refresh()

    def show_live(self, picture: NDArray[np.uint8]) -> None:
        """Put the next live picture in place, grey, of the size of `LIVE`; the same one again is no damage."""
        if picture is not self._live:
            self._live = picture
            self._canvas.mark(LIVE)

    def take_damage(self) -> list[Rect]:
        """Hand out where pixels have changed since the last call."""
        return self._canvas.take_damage()

    def settle(self) -> None:
        """Draw what hands have changed since the last call: once for a whole batch of their messages."""
        if self._is_stale:
            self._refresh()

    def _refresh(self) -> None:
        """Draw what no longer looks as it should."""
        self._is_stale = False
        state = self._microscope.snapshot()
        for widget in self._widgets:
            control = self._controls.get(widget.name)
            look = self._input_state.look(control) if control else _PLAIN
            face = widget.face(state)
            if self._drawn.get(widget.name) != (face, look):
                self._drawn[widget.name] = (face, look)
                self._canvas.paint(widget.rect, widget.draw(face, look).pixels())
