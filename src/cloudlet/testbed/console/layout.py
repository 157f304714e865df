"""Where everything is on the operator's screen, by name, so that tests and tutorials can point at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudlet.testbed.console.rectangles import Rect

__all__ = ["HEIGHT", "KNOB_SECTIONS", "LAYOUT", "LIVE", "STAGE_SPEEDS", "WIDTH"]

WIDTH = 1280
HEIGHT = 800

LIVE = Rect(320, 100, 512, 512)
"""The live picture itself."""

STAGE_SPEEDS: Mapping[str, float] = {"slow": 0.02, "medium": 0.2, "fast": 2.0}
"""Speeds of a held arrow in micrometres per second."""

KNOB_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Exposure": ("target_defocus_um", "dose_per_frame", "frames"),
    "Plan": ("planned_movies",),
    "Spoil on purpose": ("drift", "ice"),
}
"""The knobs as they stand below each other, with the heading of each group."""

_READINGS = ("gun_vacuum", "column_vacuum", "buffer_tank", "specimen", "nitrogen", "beam")
_RIGHT = 856


def _frames() -> Iterator[tuple[str, Rect]]:
    yield "header", Rect(0, 0, 1040, 44)
    yield "clock", Rect(1040, 0, WIDTH - 1040, 44)
    yield "column_panel", Rect(12, 56, 284, 312)
    yield "stage_panel", Rect(12, 380, 284, 244)
    yield "live_panel", Rect(308, 56, 536, 568)
    yield "log_panel", Rect(12, 636, 832, 152)
    yield "acquisition_panel", Rect(_RIGHT, 56, 412, 732)


def _column() -> Iterator[tuple[str, Rect]]:
    for row, name in enumerate(("high_tension", "valves", "screen")):
        yield f"{name}_reading", Rect(24, 96 + 36 * row, 170, 32)
        yield name, Rect(200, 97 + 36 * row, 84, 30)
    for row, name in enumerate(_READINGS):
        yield name, Rect(24, 208 + 25 * row, 260, 24)


def _stage() -> Iterator[tuple[str, Rect]]:
    for row, axis in enumerate(("stage_x", "stage_y")):
        yield f"{axis}_title", Rect(24, 424 + 42 * row, 22, 34)
        yield axis, Rect(46, 424 + 42 * row, 92, 34)
    yield "stage_state", Rect(24, 512, 120, 24)
    yield "stage_up", Rect(200, 420, 40, 40)
    yield "stage_left", Rect(156, 464, 40, 40)
    yield "stage_right", Rect(244, 464, 40, 40)
    yield "stage_down", Rect(200, 508, 40, 40)
    yield "stage_speed_title", Rect(24, 570, 70, 32)
    for column, name in enumerate(STAGE_SPEEDS):
        yield f"stage_{name}", Rect(96 + 64 * column, 570, 60, 32)


def _live() -> Iterator[tuple[str, Rect]]:
    yield "live_focus", Rect(752, 64, 80, 28)
    yield "live_search", Rect(668, 64, 80, 28)
    yield "live", LIVE


def _knobs() -> Iterator[tuple[str, Rect]]:
    y = 94
    for heading, keys in KNOB_SECTIONS.items():
        yield heading, Rect(_RIGHT + 16, y, 380, 22)
        y += 24
        for key in keys:
            yield f"{key}_title", Rect(_RIGHT + 16, y, 134, 34)
            yield f"{key}_less", Rect(_RIGHT + 154, y, 36, 34)
            yield key, Rect(_RIGHT + 196, y, 96, 34)
            yield f"{key}_more", Rect(_RIGHT + 298, y, 36, 34)
            yield f"{key}_unit", Rect(_RIGHT + 342, y, 58, 34)
            y += 40


def _acquisition() -> Iterator[tuple[str, Rect]]:
    x, width = _RIGHT + 16, 380
    yield "dose", Rect(x, 414, width, 24)
    yield "hint", Rect(x, 438, width, 22)
    yield "start", Rect(x, 470, 186, 48)
    yield "stop", Rect(x + 194, 470, 186, 48)
    yield "message", Rect(x, 528, width, 42)
    yield "movies", Rect(x, 578, width, 40)
    yield "frame", Rect(x, 626, width, 40)
    for row, name in enumerate(("camera", "file", "number", "disk")):
        yield name, Rect(x, 676 + 26 * row, width, 24)


def _log() -> Iterator[tuple[str, Rect]]:
    for row in range(5):
        yield f"log_{row}", Rect(24, 672 + 22 * row, 808, 20)


LAYOUT: Mapping[str, Rect] = dict([*_frames(), *_column(), *_stage(), *_live(), *_knobs(), *_acquisition(), *_log()])
"""Every part of the screen by its name; a knob's field has the knob's key, its buttons end in _less and _more."""
