"""A movie, and what was true of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cloudlet.testbed.models.dials import Dials

if TYPE_CHECKING:  # the command line shows its help without importing NumPy
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Movie", "Particle", "Truth"]


@dataclass(frozen=True)
class Particle:
    """Where one barrel lies and how it is turned."""

    y_px: float
    """Row of its centre in frame 0 if there were no local field, in pixels from the bottom; may lie outside."""

    x_px: float
    """Column of its centre, likewise."""

    rot_degrees: float
    tilt_degrees: float
    psi_degrees: float
    """ZYZ Euler angles in RELION's convention (projection along z after the rotation)."""


@dataclass(frozen=True)
class Truth:
    """Everything that was true of one movie; `to_json` writes it for tests, outside of the raw folder."""

    number: int
    seed: int
    camera: str
    width: int
    height: int
    pixel_size_angstrom: float
    voltage_kv: float
    cs_mm: float
    amplitude_contrast: float
    dials: Dials
    defocus_u_angstrom: float
    """Larger underfocus, positive."""

    defocus_v_angstrom: float
    """Smaller underfocus, positive."""

    astigmatism_angle_degrees: float
    """From the x axis counter-clockwise to the direction of `defocus_u_angstrom`; 0 to 180."""

    ice_angstrom: float
    counts_per_pixel_frame: float
    """Expected count where gain and contrast are 1 and 0."""

    shifts_px: tuple[tuple[float, float], ...]
    """How far the whole picture has moved by the middle of each frame since the middle of frame 0, as (y, x)."""

    local_growth: tuple[float, ...]
    """By how much of the local field the picture is deformed at the middle of each frame; 0 in the mean."""

    local_field_px: tuple[tuple[float, ...], tuple[float, ...]]
    """Coefficients of the local field's y and x displacement for x, y, x²-1/3, y²-1/3, xy with x, y in -1..1."""

    particles: tuple[Particle, ...]

    @property
    def defocus_angstrom(self) -> float:
        """Mean underfocus."""
        return (self.defocus_u_angstrom + self.defocus_v_angstrom) / 2

    @property
    def astigmatism_angstrom(self) -> float:
        """Difference of the two defocus values."""
        return self.defocus_u_angstrom - self.defocus_v_angstrom

    def to_json(self) -> str:
        """Return everything as one JSON object with the fields' names as keys."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Truth:
        """Read back what `to_json` wrote."""
        read: dict[str, Any] = json.loads(text)
        read["dials"] = Dials(**read["dials"])
        read["particles"] = tuple(Particle(**particle) for particle in read["particles"])
        read["shifts_px"] = tuple((y, x) for y, x in read["shifts_px"])
        read["local_growth"] = tuple(read["local_growth"])
        along_y, along_x = read["local_field_px"]
        read["local_field_px"] = (tuple(along_y), tuple(along_x))
        return cls(**read)


@dataclass(frozen=True, eq=False)
class Movie:
    """One exposure as it leaves the camera."""

    frames: NDArray[np.uint8]
    """Counts, shape (frames, height, width), row 0 at the bottom; neither gain-corrected nor repaired."""

    truth: Truth

    @property
    def number(self) -> int:
        """The movie's number within its session, from 1."""
        return self.truth.number
