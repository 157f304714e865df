"""What the operator dials, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloudlet.errors import CloudletError

__all__ = ["DIAL_LIMITS", "Dials", "ImpossibleDial", "Limits"]


class ImpossibleDial(CloudletError):
    """A dial was set to what the simulated microscope cannot do."""

    slug = "impossible-dial"


@dataclass(frozen=True)
class Limits:
    """From where to where a dial turns, both ends included."""

    low: float
    high: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} {self.unit}".rstrip()

    def hold(self, value: float) -> bool:
        """Return whether a value lies within; NaN does not."""
        return self.low <= value <= self.high


DIAL_LIMITS: Mapping[str, Limits] = {
    "target_defocus_um": Limits(0.2, 6.0, "µm"),
    "dose_per_frame": Limits(0.1, 20.0, "e/Å²"),
    "frames": Limits(1, 200),
    "stage_x_um": Limits(-1000.0, 1000.0, "µm"),
    "stage_y_um": Limits(-1000.0, 1000.0, "µm"),
    "drift": Limits(0.0, 10.0),
    "ice": Limits(0.1, 10.0),
}
"""The range of every field of `Dials`."""


@dataclass(frozen=True)
class Dials:
    """What the operator has set at the moment a movie begins.

    Raises
    ------
    ImpossibleDial
        If a value lies outside `DIAL_LIMITS`; the sentence names every such dial.
    """

    target_defocus_um: float = 1.5
    """Requested underfocus in µm, positive."""

    dose_per_frame: float = 2.5
    """Electrons per Å² on the specimen and frame."""

    frames: int = 16
    """Frames per movie."""

    stage_x_um: float = 0.0
    """Stage position along x in µm; recorded with the movie."""

    stage_y_um: float = 0.0
    """Stage position along y in µm; recorded with the movie."""

    drift: float = 1.0
    """Knob that multiplies the stage's steady drift, and a little of it the beam-induced burst."""

    ice: float = 1.0
    """Knob that multiplies the thickness of the ice."""

    def __post_init__(self) -> None:
        wrong = [
            f"{name.replace('_', ' ')} is {getattr(self, name):g}, possible is {limits}"
            for name, limits in DIAL_LIMITS.items()
            if not limits.hold(getattr(self, name))
        ]
        if wrong:
            raise ImpossibleDial(f"{'; '.join(wrong)}.", "Choose values within these limits.")

    @property
    def dose(self) -> float:
        """Electrons per Å² of the whole movie."""
        return self.dose_per_frame * self.frames
