"""What the column's gauges say: slow, plausible functions of time, and of what is switched."""

from __future__ import annotations

import math
from datetime import datetime

from cloudlet.testbed.console.widgets import StatusText
from cloudlet.testbed.microscope import MicroscopeSnapshot, Tone

__all__ = [
    "beam",
    "buffer_tank",
    "column_vacuum",
    "gun_vacuum",
    "high_tension",
    "nitrogen",
    "screen",
    "specimen",
    "valves",
]

_BUFFER_TANK_SECONDS = 3600.0
"""From one emptying of the buffer tank to the next."""


def high_tension(state: MicroscopeSnapshot) -> StatusText:
    """Return whether the gun is under voltage."""
    return StatusText("on", Tone.GOOD) if state.column.is_high_tension_on else StatusText("off", Tone.BAD)


def valves(state: MicroscopeSnapshot) -> StatusText:
    """Return whether the column valves are open."""
    return StatusText("open", Tone.GOOD) if state.column.are_valves_open else StatusText("closed", Tone.ATTENTION)


def screen(state: MicroscopeSnapshot) -> StatusText:
    """Return where the fluorescent screen is."""
    return StatusText("lifted", Tone.GOOD) if state.column.is_screen_lifted else StatusText("inserted", Tone.ATTENTION)


def gun_vacuum(state: MicroscopeSnapshot) -> StatusText:
    """Return the pressure in the gun."""
    return StatusText(f"{1.1 + 0.05 * _wave(state.at, 900.0):.1f}e-9 mbar", Tone.GOOD)


def column_vacuum(state: MicroscopeSnapshot) -> StatusText:
    """Return the pressure in the column, a little higher while gas can enter through the open valves."""
    pressure = 6.0 + 0.4 * _wave(state.at, 300.0) + (1.0 if state.column.are_valves_open else 0.0)
    return StatusText(f"{pressure:.1f}e-8 mbar", Tone.GOOD)


def buffer_tank(state: MicroscopeSnapshot) -> StatusText:
    """Return the pressure in the buffer tank, which rises until it is pumped."""
    part = state.at.timestamp() % _BUFFER_TANK_SECONDS / _BUFFER_TANK_SECONDS
    return StatusText(f"{0.02 + 0.28 * part:.2f} mbar", Tone.GOOD if part < 0.95 else Tone.ATTENTION)


def specimen(state: MicroscopeSnapshot) -> StatusText:
    """Return the temperature of the specimen stage."""
    return StatusText(f"{-191.6 + 0.2 * _wave(state.at, 1200.0):.1f} C", Tone.GOOD)


def nitrogen(state: MicroscopeSnapshot) -> StatusText:
    """Return how full the nitrogen dewar is; it is filled every four hours."""
    level = 100.0 - 70.0 * (state.at.timestamp() % 14400.0) / 14400.0
    return StatusText(f"{level:.0f} %", Tone.GOOD if level > 40 else Tone.ATTENTION)


def beam(state: MicroscopeSnapshot) -> StatusText:
    """Return whether the beam reaches the camera."""
    return StatusText("on camera", Tone.GOOD) if state.column.is_beam_on_camera else StatusText("none", Tone.BAD)


def _wave(at: datetime, period_seconds: float) -> float:
    return math.sin(2.0 * math.pi * at.timestamp() / period_seconds)
