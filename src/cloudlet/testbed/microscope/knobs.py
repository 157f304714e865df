"""The numbers an operator can dial: their ranges, steps and defaults, in one table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cloudlet.testbed.microscope.errors import DialRefused

__all__ = ["KNOBS", "Knob", "starting_values"]


@dataclass(frozen=True)
class Knob:
    """One number that can be typed, or changed in steps."""

    key: str
    title: str
    unit: str
    """As printed behind the number, ``""`` for a bare number."""
    minimum: float
    maximum: float
    step: float
    digits: int
    """Digits after the decimal point that are kept and shown."""
    default: float
    is_unsigned: bool = False
    """Whether a minus sign is dropped; other programs write underfocus as a negative number."""

    def accept(self, value: float) -> float:
        """Return `value` as it is set: rounded to the knob's digits.

        Raises
        ------
        DialRefused
            If the value lies outside the range, or is no number.
        """
        rounded = round(abs(value) if self.is_unsigned else value, self.digits)
        if not math.isfinite(rounded) or not self.minimum <= rounded <= self.maximum:
            limits = f"{self.show(self.minimum)} to {self.show(self.maximum)} {self.unit}".rstrip()
            raise DialRefused(f"{self.title} can be set from {limits}.", "The old value still holds.")
        return rounded

    def parse(self, text: str) -> float:
        """Return the number that was typed.

        Raises
        ------
        DialRefused
            If `text` is no number, or one outside the range.
        """
        try:
            value = float(text)
        except ValueError as cause:
            raise DialRefused(f"{self.title}: '{text}' is not a number.", "The old value still holds.") from cause
        return self.accept(value)

    def stepped(self, value: float, steps: int) -> float:
        """Return `value` moved by whole `steps`, held at the end of the range."""
        return round(min(max(value + steps * self.step, self.minimum), self.maximum), self.digits)

    def show(self, value: float) -> str:
        """Return `value` as it is printed, without its unit."""
        return f"{value:.{self.digits}f}"


KNOBS: dict[str, Knob] = {
    knob.key: knob
    for knob in (
        Knob("target_defocus_um", "Defocus", "um", 0.3, 5.0, 0.1, 2, 1.5, is_unsigned=True),
        Knob("dose_per_frame", "Dose per frame", "e/A^2", 0.25, 10.0, 0.25, 2, 2.5),
        Knob("frames", "Frames per movie", "", 2, 64, 1, 0, 16),
        Knob("planned_movies", "Planned movies", "", 1, 9999, 10, 0, 400),
        Knob("drift", "Drift", "x", 0.0, 10.0, 0.5, 1, 1.0),
        Knob("ice", "Ice thickness", "x", 0.25, 4.0, 0.25, 2, 1.0),
    )
}
"""Every knob by its key; drift and ice are factors that spoil the experiment on purpose."""


def starting_values(kept: Mapping[str, float], planned_movies: int) -> dict[str, float]:
    """Return the value of every knob: what was kept, where that is still possible, else its default."""
    values = {key: knob.default for key, knob in KNOBS.items()} | {"planned_movies": float(planned_movies)}
    for key in kept.keys() & values.keys():
        if KNOBS[key].minimum <= kept[key] <= KNOBS[key].maximum:
            values[key] = kept[key]
    return values
