"""Barrels placed in the field of view and projected atom by atom at their exact positions and orientations."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.barrel import barrel
from cloudlet.testbed.models import CameraModel, Particle

__all__ = ["placed", "projected", "rotation"]

REACH_ANGSTROM = 60.0
"""Particles lie up to this far outside of the field, so that its edges are as full as its middle."""

DISTANCE_ANGSTROM = 125.0
"""Closest that two centres come."""

TRIES_PER_PARTICLE = 90
"""After so many failed throws the field counts as full."""


def rotation(rot: float, tilt: float, psi: float) -> NDArray[np.float32]:
    """Return the matrix of ZYZ Euler angles in degrees, RELION's convention (doi:10.1016/j.jsb.2005.06.001).

    Applied to a position of the structure it gives the position on the specimen, whose z is the beam.
    """
    a, b, g = np.deg2rad([rot, tilt, psi])
    ca, cb, cg, sa, sb, sg = math.cos(a), math.cos(b), math.cos(g), math.sin(a), math.sin(b), math.sin(g)
    return np.array(
        [
            [cg * cb * ca - sg * sa, cg * cb * sa + sg * ca, -cg * sb],
            [-sg * cb * ca - cg * sa, -sg * cb * sa + cg * ca, sg * sb],
            [sb * ca, sb * sa, cb],
        ],
        np.float32,
    )


def placed(model: CameraModel, rng: np.random.Generator) -> tuple[Particle, ...]:
    """Draw particles that do not overlap, each in any orientation, on and a little around the field."""
    reach = REACH_ANGSTROM / model.pixel_size_angstrom
    height, width = model.height + 2 * reach, model.width + 2 * reach
    area_um2 = height * width * (model.pixel_size_angstrom * 1e-4) ** 2
    wanted = round(model.specimen.particles_per_um2 * area_um2)
    centres = np.empty((wanted, 2))
    found = 0
    for _ in range(TRIES_PER_PARTICLE * wanted):
        if found == wanted:
            break
        centre = rng.uniform((-reach, -reach), (model.height + reach, model.width + reach))
        gaps = np.hypot(*(centres[:found] - centre).T) * model.pixel_size_angstrom
        if not (gaps < DISTANCE_ANGSTROM).any():
            centres[found] = centre
            found += 1
    return tuple(Particle(float(y), float(x), *orientation(rng)) for y, x in centres[:found])


def orientation(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw Euler angles in degrees, every orientation equally likely."""
    rot, psi = rng.uniform(0.0, 360.0, 2)
    return float(rot), math.degrees(math.acos(rng.uniform(-1.0, 1.0))), float(psi)


def projected(
    particles: tuple[Particle, ...], pixel_size_angstrom: float, shape: tuple[int, int], margin: int
) -> NDArray[np.float32]:
    """Return the particles' scattering lengths summed along the beam, in Å per pixel.

    Parameters
    ----------
    shape
        Height and width of the result in pixels.
    margin
        Rows and columns of the result before the camera's first.
    """
    atoms = barrel()
    image = np.zeros(shape, np.float32)
    for particle in particles:
        matrix = rotation(particle.rot_degrees, particle.tilt_degrees, particle.psi_degrees)
        splat(
            image,
            atoms.positions_angstrom @ (matrix[:2].T / np.float32(pixel_size_angstrom)),
            atoms.scattering_angstrom,
            particle.y_px + margin,
            particle.x_px + margin,
        )
    return image


@nb.njit(cache=True, nogil=True)
def splat(
    image: NDArray[np.float32],
    offsets_px: NDArray[np.float32],
    weights: NDArray[np.float32],
    centre_y: float,
    centre_x: float,
) -> None:
    """Share each atom among its four nearest pixels of `image`, in place; atoms outside are left out.

    `offsets_px` has shape (n, 2) in the order x, y.
    """
    height, width = image.shape
    for i in range(offsets_px.shape[0]):
        at_x = centre_x + offsets_px[i, 0]
        at_y = centre_y + offsets_px[i, 1]
        x = math.floor(at_x)
        y = math.floor(at_y)
        if x < 0 or y < 0 or x > width - 2 or y > height - 2:
            continue
        right = at_x - x
        upper = at_y - y
        low = weights[i] * (1.0 - upper)
        high = weights[i] * upper
        image[y, x] += low * (1.0 - right)
        image[y, x + 1] += low * right
        image[y + 1, x] += high * (1.0 - right)
        image[y + 1, x + 1] += high * right
