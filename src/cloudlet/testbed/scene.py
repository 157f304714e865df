"""What is in front of the camera during one movie: drawn, rendered, and ready to be counted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.exposure import TAPS
from cloudlet.testbed.fading import fading
from cloudlet.testbed.models import CameraModel, Dials, Particle
from cloudlet.testbed.motion import Motion, draw_motion
from cloudlet.testbed.optics import Lens, lens, radial_tables
from cloudlet.testbed.rendering import Specimen, fast_size, rendered, weighted_sum
from cloudlet.testbed.specimen import placed, projected

__all__ = ["Conditions", "Scene", "draw_conditions", "render_scene"]

UM_IN_ANGSTROM = 1e4
AUTOFOCUS_ERROR_UM = 0.03
"""Standard deviation of the actual defocus around the one asked for."""

ASTIGMATISM_ANGSTROM = (50.0, 600.0)
MARGIN_ANGSTROM = 88.0
"""So much is rendered around the field at least: half a barrel, and what is moved into view."""


@dataclass(frozen=True)
class Conditions:
    """What differs from movie to movie."""

    defocus_angstrom: float
    """Mean underfocus."""

    astigmatism_angstrom: float
    angle_degrees: float
    ice_angstrom: float
    motion: Motion
    particles: tuple[Particle, ...]

    def lens(self, model: CameraModel) -> Lens:
        """Return the lens as it is during the movie."""
        return lens(model, self.defocus_angstrom, self.astigmatism_angstrom, self.angle_degrees)


@dataclass(frozen=True, eq=False)
class Scene:
    """The picture on the camera: what moves, fades and is counted."""

    images: NDArray[np.float32]
    """Contrast, shape (terms, height + 2 margin or more, width + 2 margin or more)."""

    weights: NDArray[np.float32]
    """Factor of each term in each frame, shape (frames, terms)."""

    margin: int
    """Rows and columns before the camera's first."""

    def contrast(self, frame: int) -> NDArray[np.float32]:
        """Return the contrast in a frame as if nothing had moved."""
        return np.asarray(weighted_sum(self.images, self.weights[frame]))


def draw_conditions(model: CameraModel, dials: Dials, rng: np.random.Generator) -> Conditions:
    """Draw what the dials leave open."""
    return Conditions(
        defocus_angstrom=float(dials.target_defocus_um + rng.normal(0.0, AUTOFOCUS_ERROR_UM)) * UM_IN_ANGSTROM,
        astigmatism_angstrom=float(rng.uniform(*ASTIGMATISM_ANGSTROM)),
        angle_degrees=float(rng.uniform(0.0, 180.0)),
        ice_angstrom=dials.ice * model.specimen.ice_angstrom,
        particles=placed(model, rng),
        motion=draw_motion(model, dials, rng),
    )


def render_scene(model: CameraModel, conditions: Conditions, dials: Dials, rng: np.random.Generator) -> Scene:
    """Throw a picture onto the camera, large enough for all its motion; `rng` draws ice and carbon."""
    around = math.ceil(max(MARGIN_ANGSTROM / model.pixel_size_angstrom, conditions.motion.reach() + TAPS + 1))
    shape = fast_size(model.height + 2 * around), fast_size(model.width + 2 * around)
    margin = min(shape[0] - model.height, shape[1] - model.width) // 2
    potential = projected(conditions.particles, model.pixel_size_angstrom, shape, margin)
    tables = radial_tables(model, conditions.ice_angstrom)
    damage = fading(tables.k, dials, model.voltage_kv)
    images = rendered(Specimen.of(potential, rng), model, conditions.lens(model), tables, damage.radial)
    steady = np.ones((dials.frames, 1))
    return Scene(images, np.concatenate([damage.weights, steady], axis=1).astype(np.float32), margin)
