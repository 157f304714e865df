"""The operator's live view: a field rendered once, moved with the stage, exposed anew for every picture.

Pictures are averaged with those before: grain settles while the stage stands, and smears a little while it moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.exposure import BEFORE, TAPS
from cloudlet.testbed.foil import FIELD_UM, foil_field
from cloudlet.testbed.live_grain import add_grain, interpolated, show
from cloudlet.testbed.models import CameraModel, Particle
from cloudlet.testbed.optics import lens, radial_tables
from cloudlet.testbed.rendering import Specimen, rendered
from cloudlet.testbed.scattering import arriving_fraction
from cloudlet.testbed.specimen import placed, projected

__all__ = ["LiveMode", "LiveView"]

UM_IN_ANGSTROM = 1e4
FIELD_PIXELS = 1536
FOCUS_PIXEL_ANGSTROM = 2.8
FOCUS_OFFSET_UM = 2.5
"""The view is so much further underfocus than a movie: close to focus nobody sees anything, as in life."""

DEFOCUS_STEP_UM = 0.1
"""The view follows the defocus dial in these steps."""

FOCUS_ASTIGMATISM_ANGSTROM, FOCUS_ASTIGMATISM_DEGREES = 100.0, 30.0
FOCUS_B_FACTOR_ANGSTROM2 = 100.0
LIVE_COUNTS = 12.0
"""Counts per pixel and picture through vacuum."""


class LiveMode(StrEnum):
    """What the live view looks at."""

    SEARCH = "search"
    """Low magnification: holes of the foil, ice, crystals."""

    FOCUS = "focus"
    """High magnification: the specimen itself, further underfocus than a movie so that it can be seen."""


@dataclass(frozen=True)
class LiveModeOptics:
    """How a mode is shown."""

    pixel_um: float
    newest_share: float
    """Weight of the newest picture in the running mean."""

    contrast: float
    """Contrast that is drawn black or white."""


LOOKS = {
    LiveMode.SEARCH: LiveModeOptics(FIELD_UM / FIELD_PIXELS, 0.3, 0.35),
    LiveMode.FOCUS: LiveModeOptics(FOCUS_PIXEL_ANGSTROM / UM_IN_ANGSTROM, 0.1, 0.12),
}


PICTURES_A_SEED = 1_000_003
"""Five a second for two days: until then no two seeds show the same grain."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """What was in the last picture, without grain."""

    field: NDArray[np.float32]
    at: tuple[float, float]
    """Its middle in pixels of the field, x and y."""
    contrast: NDArray[np.float32]


class LiveView:
    """A view of the specimen that follows the stage; for one thread at a time.

    Fields are rendered when first looked at, which takes some tenths of a second; a picture takes 1 ms while the stage
    rests and 3 ms while it moves.

    Parameters
    ----------
    size
        Width and height of the pictures in pixels.
    seed
        Fixes the specimen and the grain.
    """

    def __init__(self, size: int = 512, seed: int = 0) -> None:
        self.size = size
        self.seed = seed
        self._model = CameraModel(
            name="live",
            width=FIELD_PIXELS,
            height=FIELD_PIXELS,
            pixel_size_angstrom=FOCUS_PIXEL_ANGSTROM,
            b_factor_angstrom2=FOCUS_B_FACTOR_ANGSTROM2,
        )
        self._pictures = 0
        self._mean = np.zeros((size, size), np.float32)
        self._seen: _Seen | None = None
        self._mode: LiveMode | None = None
        self._foil: NDArray[np.float32] | None = None
        self._specimen: Specimen | None = None
        self._focus: NDArray[np.float32] | None = None
        self._focus_defocus_um = math.nan

    def field_um(self, mode: LiveMode) -> float:
        """Return width and height of a picture in µm."""
        return self.size * LOOKS[mode].pixel_um

    def frame(
        self,
        stage_x_um: float,
        stage_y_um: float,
        mode: LiveMode,
        *,
        defocus_um: float = 1.5,
        ice: float = 1.0,
    ) -> NDArray[np.uint8]:
        """Return the next picture, shape (size, size), grey, row 0 at the *top* as a screen has it.

        Parameters
        ----------
        stage_x_um, stage_y_um
            The middle of the picture; the specimen repeats itself after some µm.
        mode
            What to look at; a change begins a new mean.
        defocus_um
            The movies' target; the focus view adds 2.5 µm.
        ice
            The ice knob: thicker ice is darker.
        """
        look = LOOKS[mode]
        contrast = self._contrast(mode, stage_x_um / look.pixel_um, stage_y_um / look.pixel_um, defocus_um)
        share = look.newest_share if mode == self._mode else 1.0
        self._mode = mode
        rate = LIVE_COUNTS * arriving_fraction(ice * self._model.specimen.ice_angstrom)
        self._pictures += 1
        add_grain(self._mean, contrast, rate, share, (self.seed * PICTURES_A_SEED + self._pictures) % 2**32)
        reference = LIVE_COUNTS * arriving_fraction(self._model.specimen.ice_angstrom)
        picture = np.empty((self.size, self.size), np.uint8)
        show(self._mean, reference * (1 - look.contrast), reference * (1 + look.contrast), picture)
        return picture

    def _contrast(self, mode: LiveMode, x_px: float, y_px: float, defocus_um: float) -> NDArray[np.float32]:
        """Return what is in the picture; worked out once for as long as stage and dials rest."""
        field = self._field(mode, defocus_um)
        if self._seen is None or self._seen.field is not field or self._seen.at != (x_px, y_px):
            self._seen = _Seen(field, (x_px, y_px), self._picked(field, x_px, y_px))
        return self._seen.contrast

    def _picked(self, field: NDArray[np.float32], x_px: float, y_px: float) -> NDArray[np.float32]:
        """Cut the picture around a point out of a field that repeats."""
        left, bottom = x_px - self.size / 2, y_px - self.size / 2
        whole_x, whole_y = math.floor(left), math.floor(bottom)
        span = np.arange(-BEFORE, self.size + TAPS - 1 - BEFORE)
        rows, columns = (span + whole_y) % len(field), (span + whole_x) % len(field)
        return interpolated(field.take(rows, axis=0).take(columns, axis=1), bottom - whole_y, left - whole_x)

    def _field(self, mode: LiveMode, defocus_um: float) -> NDArray[np.float32]:
        """Return the contrast of a mode's whole field, rendering it if need be."""
        if mode is LiveMode.FOCUS:
            return self._focus_field(round(defocus_um / DEFOCUS_STEP_UM) * DEFOCUS_STEP_UM + FOCUS_OFFSET_UM)
        if self._foil is None:
            self._foil = foil_field(FIELD_PIXELS, np.random.default_rng([self.seed, 1]))
        return self._foil

    def _focus_field(self, defocus_um: float) -> NDArray[np.float32]:
        """Return the specimen at a defocus."""
        if self._focus is None or defocus_um != self._focus_defocus_um:
            model = self._model
            optics = lens(model, defocus_um * UM_IN_ANGSTROM, FOCUS_ASTIGMATISM_ANGSTROM, FOCUS_ASTIGMATISM_DEGREES)
            tables = radial_tables(model, model.specimen.ice_angstrom)
            unfaded = np.ones((1, tables.k.size))
            self._focus = rendered(self._specimen_seen(), model, optics, tables, unfaded).sum(axis=0)
            self._focus_defocus_um = defocus_um
        return self._focus

    def _specimen_seen(self) -> Specimen:
        """Return what lies under the beam in the focus view."""
        if self._specimen is None:
            rng = np.random.default_rng([self.seed, 2])
            potential = projected(whole(placed(self._model, rng)), FOCUS_PIXEL_ANGSTROM, self._model.shape, 0)
            self._specimen = Specimen.of(potential, rng)
        return self._specimen


def whole(particles: tuple[Particle, ...]) -> tuple[Particle, ...]:
    """Return the particles that the edge of the field does not cut, since the field repeats."""
    room = 71.0 / FOCUS_PIXEL_ANGSTROM
    inside = FIELD_PIXELS - room
    return tuple(p for p in particles if room < p.x_px < inside and room < p.y_px < inside)
