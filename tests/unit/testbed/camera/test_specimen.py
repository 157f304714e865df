from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from cloudlet.testbed.barrel import barrel
from cloudlet.testbed.models import CameraModel, Particle
from cloudlet.testbed.specimen import placed, projected, rotation

ANGLES = st.floats(-360.0, 360.0)
PIXEL = 1.4


def alone(y: float = 64.0, x: float = 64.0, rot: float = 0.0, tilt: float = 0.0, psi: float = 0.0) -> Particle:
    return Particle(y, x, rot, tilt, psi)


def picture(particle: Particle) -> np.ndarray:
    return projected((particle,), PIXEL, (128, 128), 0)


def test_barrel_is_the_same_after_a_third_of_a_turn() -> None:
    atoms = barrel().positions_angstrom
    turned = atoms @ rotation(120.0, 0.0, 0.0).T
    distances, partners = cKDTree(atoms).query(turned)
    assert distances.max() < 1e-3
    assert np.array_equal(barrel().scattering_angstrom[partners], barrel().scattering_angstrom)


def test_barrel_has_the_size_of_tolc() -> None:
    atoms = barrel().positions_angstrom
    assert np.ptp(atoms[:, 2]) == pytest.approx(142, abs=1)
    assert 2 * np.hypot(atoms[:, 0], atoms[:, 1]).max() == pytest.approx(73, abs=5)


@given(ANGLES, ANGLES, ANGLES)
def test_rotation_keeps_lengths_and_hand(rot: float, tilt: float, psi: float) -> None:
    matrix = rotation(rot, tilt, psi).astype(float)
    assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-5)
    assert np.linalg.det(matrix) == pytest.approx(1, abs=1e-5)


def test_psi_turns_the_picture_clockwise_as_relion_has_it() -> None:
    # In RELION the particle's x axis is found at angle -psi in the picture.
    assert rotation(0.0, 0.0, 90.0) @ np.array([1, 0, 0]) == pytest.approx([0, -1, 0], abs=1e-6)


def test_projection_keeps_all_scattering() -> None:
    assert picture(alone(rot=20, tilt=70, psi=110)).sum() == pytest.approx(barrel().scattering_angstrom.sum(), rel=1e-4)


@given(st.floats(60.0, 68.0), st.floats(60.0, 68.0))
def test_projection_lies_where_the_particle_is(y: float, x: float) -> None:
    image = picture(alone(y, x, rot=45.0)).astype(float)
    rows, columns = np.indices(image.shape)
    weight, atoms = barrel().scattering_angstrom.astype(float), barrel().positions_angstrom
    offset = (rotation(45.0, 0.0, 0.0) @ (weight @ atoms / weight.sum()))[:2] / PIXEL
    assert (image * rows).sum() / image.sum() == pytest.approx(y + offset[1], abs=0.01)
    assert (image * columns).sum() / image.sum() == pytest.approx(x + offset[0], abs=0.01)


def test_atoms_outside_of_the_picture_are_left_out() -> None:
    assert picture(alone(y=-500.0)).sum() == 0
    half = picture(alone(y=0.0, rot=15)).sum() / barrel().scattering_angstrom.sum()
    assert half == pytest.approx(0.5, abs=0.1)


def test_particles_keep_their_distance() -> None:
    particles = placed(CameraModel(), np.random.default_rng(4))
    centres = np.array([(p.y_px, p.x_px) for p in particles]) * PIXEL
    distances, _ = cKDTree(centres).query(centres, k=2)
    assert len(particles) == 45
    assert distances[:, 1].min() >= 125


def test_orientations_cover_the_sphere_evenly() -> None:
    model = CameraModel(width=4096, height=4096)
    tilts = np.deg2rad([p.tilt_degrees for p in placed(model, np.random.default_rng(4))])
    assert np.cos(tilts).mean() == pytest.approx(0, abs=4 / np.sqrt(3 * tilts.size))
    assert np.cos(tilts).var() == pytest.approx(1 / 3, abs=0.05)
