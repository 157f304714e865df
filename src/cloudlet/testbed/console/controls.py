"""The parts of the screen that hands can use: buttons, and fields to type into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cloudlet.testbed.console import theme
from cloudlet.testbed.console.canvas import Pad
from cloudlet.testbed.console.rectangles import Rect
from cloudlet.testbed.console.widgets import ControlState, Widget
from cloudlet.testbed.microscope import Knob, Microscope, MicroscopeSnapshot, Tone

__all__ = ["Button", "ButtonFace", "Control", "Field", "Hold", "Trigger"]

Act = Callable[[Microscope], None]


class Trigger(Enum):
    """When a button does what it is for."""

    CLICK = "click"
    """When it is released where it was pressed."""

    REPEAT = "repeat"
    """When it is pressed, and again and again while it is held."""


@dataclass(frozen=True)
class ButtonFace:
    """How a button presents itself."""

    label: str
    is_enabled: bool = True
    is_on: bool = False
    """Whether it stands for what holds now, as the chosen one of several does."""

    tone: Tone = Tone.PLAIN


class Button(Widget[ButtonFace]):
    """A button that does one thing.

    Parameters
    ----------
    name
        Its name in `LAYOUT`.
    present
        How it looks for a state of the microscope.
    act
        What it does; a `CloudletError` raised there is shown in the log.
    trigger
        When it does it.
    """

    def __init__(
        self,
        name: str,
        present: Callable[[MicroscopeSnapshot], ButtonFace],
        act: Act,
        trigger: Trigger = Trigger.CLICK,
    ) -> None:
        super().__init__(name)
        self._present, self.act, self.trigger = present, act, trigger

    def face(self, state: MicroscopeSnapshot) -> ButtonFace:
        """Return how it presents itself now."""
        return self._present(state)

    def draw(self, face: ButtonFace, look: ControlState) -> Pad:
        """Return the button, pressed or not, focused or not."""
        pad, rect = self.pad(), Rect(0, 0, self.rect.width, self.rect.height)
        draw_button_box(pad, look, is_on=face.is_on, is_enabled=face.is_enabled)
        colour = theme.FAINT if not face.is_enabled else theme.TEXT
        if face.is_enabled and face.tone is not Tone.PLAIN:
            colour = theme.TONES[face.tone]
        is_large = rect.height > 40 or face.label in "+-"
        size = 17 if is_large else 14
        middle = rect.height / 2 + (1 if look.is_pressed else 0)
        pad.text(rect.width / 2, middle, face.label, size=size, colour=colour, anchor="mm", bold=is_large)
        return pad


class Hold(Widget[bool]):
    """An arrow that keeps the stage moving for as long as it is held.

    Parameters
    ----------
    name
        Its name in `LAYOUT`.
    direction
        Where it moves the stage, (x, y), y upwards.
    """

    def __init__(self, name: str, direction: tuple[int, int]) -> None:
        super().__init__(name)
        self.direction = direction

    def face(self, state: MicroscopeSnapshot) -> bool:
        """Return nothing that changes."""
        return True

    def draw(self, face: bool, look: ControlState) -> Pad:
        """Return the arrow, pressed or not, focused or not."""
        pad = self.pad()
        draw_button_box(pad, look)
        x, y = self.direction
        colour = theme.ACCENT if look.is_pressed else theme.TEXT
        pad.arrow(self.rect.width // 2, self.rect.height // 2, (x, -y), colour)
        return pad


class Field(Widget[str]):
    """A number that can be typed.

    Parameters
    ----------
    name
        Its name in `LAYOUT`.
    knob
        Range and digits.
    read
        Where the number comes from.
    commit
        What happens with the text when it is entered; a `CloudletError` raised there is shown in the log.
    """

    def __init__(
        self,
        name: str,
        knob: Knob,
        read: Callable[[MicroscopeSnapshot], float],
        commit: Callable[[Microscope, str], None],
    ) -> None:
        super().__init__(name)
        self._knob, self._read, self.commit = knob, read, commit

    def face(self, state: MicroscopeSnapshot) -> str:
        """Return the number as it is printed."""
        return self._knob.show(self._read(state))

    def draw(self, face: str, look: ControlState) -> Pad:
        """Return the number, or what is being typed with a caret behind it."""
        pad, middle = self.pad(), self.rect.height / 2
        edge, line = (theme.ACCENT, 2) if look.is_focused else (theme.EDGE, 1)
        pad.box(Rect(0, 0, self.rect.width, self.rect.height), theme.FIELD, edge=edge, line=line)
        if look.typed is None:
            pad.text(self.rect.width - 10, middle, face, size=16, anchor="rm")
        else:
            pad.text(self.rect.width - 12, middle, look.typed, size=16, colour=theme.ACCENT, anchor="rm")
            pad.box(Rect(self.rect.width - 10, 8, 2, self.rect.height - 16), theme.ACCENT, radius=0)
        return pad


Control = Button | Hold | Field


def draw_button_box(pad: Pad, look: ControlState, *, is_on: bool = False, is_enabled: bool = True) -> None:
    """Draw the ground of a button."""
    fill = theme.PRESSED if look.is_pressed or is_on else theme.CONTROL if is_enabled else theme.PANEL
    edge, line = (theme.ACCENT, 2) if look.is_focused else (theme.EDGE, 1)
    pad.box(Rect(0, 0, pad.width, pad.height), fill, edge=edge, line=line)
