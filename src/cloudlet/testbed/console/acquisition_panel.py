"""The acquisition panel: knobs, start and stop, and how far it has come."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cloudlet.testbed.console import theme
from cloudlet.testbed.console.controls import Button, ButtonFace, Field, Trigger
from cloudlet.testbed.console.layout import KNOB_SECTIONS
from cloudlet.testbed.console.widgets import Bar, Frame, Progress, Reading, StatusText, Title, Widget, Words
from cloudlet.testbed.microscope import KNOBS, Knob, Microscope, MicroscopeSnapshot, Phase, Tone

__all__ = ["acquisition"]

_DOING = {
    Phase.IDLE: "idle",
    Phase.EXPOSING: "exposing",
    Phase.WRITING: "writing",
    Phase.WAITING: "waiting for the next",
}

_LINE_LETTERS = 60
"""Letters that surely fit into one of the two lines below the buttons."""


def acquisition() -> Iterator[Widget[Any]]:
    """Yield the panel and everything on it, in the order in which Tab goes through it."""
    yield Frame("acquisition_panel", "Acquisition")
    for heading, keys in KNOB_SECTIONS.items():
        yield Title(heading, heading, colour=theme.ACCENT, size=13)
        for key in keys:
            yield from _knob(KNOBS[key])
    yield Reading("dose", "Total dose", _dose, has_lamp=False)
    yield Title("hint", "Changes take effect with the next movie.", colour=theme.FAINT, size=13)
    yield Button("start", _start_face, Microscope.start_acquisition)
    yield Button("stop", _stop_face, Microscope.stop_acquisition)
    yield Words("message", _message)
    yield Bar("movies", "Movies", _movies)
    yield Bar("frame", "Frames of this movie", _frames)
    yield Reading("camera", "Camera", _camera, has_lamp=False)
    yield Reading("file", "File", lambda state: StatusText(state.acquisition.file_name or "none yet"), has_lamp=False)
    yield Reading("number", "Movie number", lambda state: StatusText(str(state.acquisition.number)), has_lamp=False)
    yield Reading("disk", "Disk", _disk, has_lamp=False)


def _knob(knob: Knob) -> Iterator[Widget[Any]]:
    yield Title(f"{knob.key}_title", knob.title)
    yield Button(f"{knob.key}_less", _sign("-"), partial(_step, knob, -1), Trigger.REPEAT)
    yield Field(knob.key, knob, lambda state: state.dials[knob.key], partial(_enter, knob))
    yield Button(f"{knob.key}_more", _sign("+"), partial(_step, knob, 1), Trigger.REPEAT)
    yield Title(f"{knob.key}_unit", knob.unit)


def _sign(label: str) -> Callable[[MicroscopeSnapshot], ButtonFace]:
    face = ButtonFace(label)
    return lambda state: face


def _step(knob: Knob, steps: int, microscope: Microscope) -> None:
    microscope.dial(knob.key, knob.stepped(microscope.snapshot().dials[knob.key], steps))


def _enter(knob: Knob, microscope: Microscope, text: str) -> None:
    microscope.dial(knob.key, knob.parse(text))


def _dose(state: MicroscopeSnapshot) -> StatusText:
    return StatusText(f"{state.dials['dose_per_frame'] * state.dials['frames']:.1f} e/A^2")


def _start_face(state: MicroscopeSnapshot) -> ButtonFace:
    can_start = not state.acquisition.is_running or state.acquisition.is_stopping
    return ButtonFace("Start", is_enabled=can_start, tone=Tone.GOOD)


def _stop_face(state: MicroscopeSnapshot) -> ButtonFace:
    can_stop = state.acquisition.is_running and not state.acquisition.is_stopping
    return ButtonFace("Stop", is_enabled=can_stop, tone=Tone.BAD)


def _message(state: MicroscopeSnapshot) -> tuple[StatusText, ...]:
    status = state.acquisition
    if status.is_stopping:
        return (StatusText("Stopping after the present movie.", Tone.ATTENTION),)
    if status.is_running:
        return (StatusText("Taking movies.", Tone.GOOD),)
    if not status.message:
        return (StatusText("Ready. Press Start to take movies."),)
    is_done = status.done >= state.planned_movies
    lines = textwrap.wrap(status.message, _LINE_LETTERS, max_lines=2, placeholder=" ...")
    return tuple(StatusText(line, Tone.GOOD if is_done else Tone.ATTENTION) for line in lines)


def _movies(state: MicroscopeSnapshot) -> Progress:
    status, planned = state.acquisition, state.planned_movies
    return Progress(status.done / planned, f"{status.done} of {planned}", status.is_running)


def _frames(state: MicroscopeSnapshot) -> Progress:
    status = state.acquisition
    return Progress(status.frame / max(status.frames, 1), f"{status.frame} of {status.frames}", status.is_running)


def _camera(state: MicroscopeSnapshot) -> StatusText:
    return StatusText(_DOING[state.acquisition.phase])


def _disk(state: MicroscopeSnapshot) -> StatusText:
    return StatusText(f"{state.disk_free_bytes / 1e9:.1f} GB free")
