"""What stands on the operator's screen: column, stage, live view and log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cloudlet.testbed.console import readings, theme
from cloudlet.testbed.console.canvas import Pad
from cloudlet.testbed.console.controls import Button, ButtonFace, Field, Hold
from cloudlet.testbed.console.layout import STAGE_SPEEDS
from cloudlet.testbed.console.rectangles import Rect
from cloudlet.testbed.console.widgets import ControlState, Frame, Reading, StatusText, Title, Widget
from cloudlet.testbed.live import LiveMode
from cloudlet.testbed.microscope import Knob, LogLine, Microscope, MicroscopeSnapshot, Tone

__all__ = ["Clock", "Header", "LogRow", "column", "live", "log", "stage"]

_STAGE_X = Knob("stage_x", "Stage X", "um", -1000.0, 1000.0, 0.1, 3, 0.0)
_STAGE_Y = Knob("stage_y", "Stage Y", "um", -1000.0, 1000.0, 0.1, 3, 0.0)


class Header(Widget[tuple[str, StatusText]]):
    """The bar at the top: which microscope, and what it does."""

    def __init__(self) -> None:
        super().__init__("header")

    def face(self, state: MicroscopeSnapshot) -> tuple[str, StatusText]:
        """Return the name, and the acquisition in a word."""
        said = StatusText("Acquiring", Tone.GOOD) if state.acquisition.is_running else StatusText("Idle")
        if state.acquisition.is_stopping:
            said = StatusText("Stopping", Tone.ATTENTION)
        return state.name, said

    def draw(self, face: tuple[str, StatusText], look: ControlState) -> Pad:
        """Return the bar."""
        name, said = face
        pad = Pad(self.rect.width, self.rect.height, theme.PANEL)
        pad.rule(0, self.rect.height - 1, self.rect.width)
        pad.lamp(24, 22, theme.ACCENT, 12)
        pad.text(40, 22, pad.fit(name, 600, 17), size=17, bold=True)
        pad.box(Rect(856, 9, 116, 26), theme.FIELD, edge=theme.EDGE, radius=13)
        pad.lamp(874, 22, theme.TONES[said.tone])
        pad.text(888, 22, said.words, colour=theme.TONES[said.tone])
        return pad


class Clock(Widget[str]):
    """The end of the bar at the top, apart from it: it is drawn every second."""

    def __init__(self) -> None:
        super().__init__("clock")

    def face(self, state: MicroscopeSnapshot) -> str:
        """Return date and time."""
        return f"{state.at:%Y-%m-%d  %H:%M:%S} UTC"

    def draw(self, face: str, look: ControlState) -> Pad:
        """Return them, at the right."""
        pad = Pad(self.rect.width, self.rect.height, theme.PANEL)
        pad.rule(0, self.rect.height - 1, self.rect.width)
        pad.text(self.rect.width - 12, 22, face, size=15, colour=theme.DIM, anchor="rm")
        return pad


class LogRow(Widget[LogLine | None]):
    """One line of the log, counted from the newest at the bottom."""

    def __init__(self, row: int, rows: int) -> None:
        super().__init__(f"log_{row}")
        self._back = rows - row

    def face(self, state: MicroscopeSnapshot) -> LogLine | None:
        """Return the line that stands here, if the log is long enough."""
        return state.log[-self._back] if len(state.log) >= self._back else None

    def draw(self, face: LogLine | None, look: ControlState) -> Pad:
        """Return time and text."""
        pad = self.pad()
        if face is not None:
            pad.text(0, 10, f"{face.at:%H:%M:%S}", size=13, colour=theme.FAINT)
            colour = theme.TEXT if face.tone is Tone.PLAIN else theme.TONES[face.tone]
            pad.text(68, 10, pad.fit(face.text, self.rect.width - 68, 13), size=13, colour=colour)
        return pad


def column() -> Iterator[Widget[Any]]:
    """Yield the column panel: three switches and six gauges."""
    yield Frame("column_panel", "Column")
    yield Reading("high_tension_reading", "High tension", readings.high_tension)
    yield _switch("high_tension", "Switch", lambda state: state.column.is_high_tension_on, "off", "on", _high_tension)
    yield Reading("valves_reading", "Column valves", readings.valves)
    yield _switch("valves", "", lambda state: state.column.are_valves_open, "Close", "Open", _valves)
    yield Reading("screen_reading", "Screen", readings.screen)
    yield _switch("screen", "", lambda state: state.column.is_screen_lifted, "Insert", "Lift", _screen)
    yield Reading("gun_vacuum", "Gun vacuum", readings.gun_vacuum)
    yield Reading("column_vacuum", "Column vacuum", readings.column_vacuum)
    yield Reading("buffer_tank", "Buffer tank", readings.buffer_tank)
    yield Reading("specimen", "Specimen", readings.specimen)
    yield Reading("nitrogen", "Nitrogen level", readings.nitrogen)
    yield Reading("beam", "Beam", readings.beam)


def stage() -> Iterator[Widget[Any]]:
    """Yield the stage panel: two fields, four arrows, three speeds."""
    yield Frame("stage_panel", "Stage")
    yield Title("stage_x_title", "X")
    yield Field("stage_x", _STAGE_X, lambda state: state.stage.x_um, _go_to_x)
    yield Title("stage_y_title", "Y")
    yield Field("stage_y", _STAGE_Y, lambda state: state.stage.y_um, _go_to_y)
    yield Reading("stage_state", "Stage", _stage_state)
    yield Hold("stage_up", (0, 1))
    yield Hold("stage_left", (-1, 0))
    yield Hold("stage_right", (1, 0))
    yield Hold("stage_down", (0, -1))
    yield Title("stage_speed_title", "um per s")
    for name, speed in STAGE_SPEEDS.items():
        yield Button(f"stage_{name}", partial(_speed_face, speed), partial(_choose_speed, speed))


def live() -> Iterator[Widget[Any]]:
    """Yield the frame and the modes of the live view; its picture is no widget."""
    yield Frame("live_panel", "Live view")
    for mode in LiveMode:
        yield Button(f"live_{mode}", partial(_mode_face, mode), partial(_choose_mode, mode))


def log() -> Iterator[Widget[Any]]:
    """Yield the log panel."""
    yield Frame("log_panel", "Log")
    for row in range(5):
        yield LogRow(row, 5)


def _switch(
    name: str,
    verb: str,
    is_on: Callable[[MicroscopeSnapshot], bool],
    to_off: str,
    to_on: str,
    act: Callable[[Microscope, MicroscopeSnapshot], None],
) -> Button:
    def present(state: MicroscopeSnapshot) -> ButtonFace:
        return ButtonFace(f"{verb} {to_off if is_on(state) else to_on}".strip())

    return Button(name, present, lambda microscope: act(microscope, microscope.snapshot()))


def _high_tension(microscope: Microscope, state: MicroscopeSnapshot) -> None:
    microscope.switch_high_tension(on=not state.column.is_high_tension_on)


def _valves(microscope: Microscope, state: MicroscopeSnapshot) -> None:
    microscope.switch_valves(opened=not state.column.are_valves_open)


def _screen(microscope: Microscope, state: MicroscopeSnapshot) -> None:
    microscope.switch_screen(lifted=not state.column.is_screen_lifted)


def _go_to_x(microscope: Microscope, text: str) -> None:
    microscope.move_stage(_STAGE_X.parse(text), microscope.snapshot().stage.y_um)


def _go_to_y(microscope: Microscope, text: str) -> None:
    microscope.move_stage(microscope.snapshot().stage.x_um, _STAGE_Y.parse(text))


def _stage_state(state: MicroscopeSnapshot) -> StatusText:
    return StatusText("moving", Tone.ATTENTION) if state.stage.is_moving else StatusText("at rest", Tone.GOOD)


def _speed_face(speed: float, state: MicroscopeSnapshot) -> ButtonFace:
    return ButtonFace(f"{speed:g}", is_on=state.stage_speed_um == speed)


def _choose_speed(speed: float, microscope: Microscope) -> None:
    microscope.choose_stage_speed(speed)


def _mode_face(mode: LiveMode, state: MicroscopeSnapshot) -> ButtonFace:
    return ButtonFace(mode.capitalize(), is_on=state.live_mode is mode)


def _choose_mode(mode: LiveMode, microscope: Microscope) -> None:
    microscope.choose_live_mode(mode)
