import numpy as np
import pytest
from benchmarks.simulator import FieldSpec, SimulatedField, simulate_field
from scipy.spatial import cKDTree

from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.picking import Picks, coarse_shape, pick_particles
from cloudlet.cryoem.numerics.picking.contrast import contrast_map
from cloudlet.cryoem.numerics.picking.pick import null_threshold

OPTICS, PIXEL = Optics(300.0, 2.7, 0.1), 2.0
SHAPE = (1024, 1024)
SMALL = {"rows": SHAPE[0], "columns": SHAPE[1], "pixel_size_angstrom": PIXEL}


def picked(field: SimulatedField) -> Picks:
    """Pick the way the stage does, on an image as coarse as it takes it."""
    coarse = coarse_shape(SHAPE, PIXEL, field.diameter_angstrom)
    scale = SHAPE[0] / coarse[0]
    transform = np.fft.rfft2(field.image)
    half = coarse[0] // 2
    kept = np.concatenate([transform[: coarse[0] - half], transform[-half:]])[:, : coarse[1] // 2 + 1]
    image = np.fft.irfft2(kept, s=coarse).astype(np.float32)
    found = pick_particles(image, PIXEL * scale, field.diameter_angstrom, OPTICS, field.spec.defocus_angstrom)
    return found.scaled(scale, scale)


def test_particles_are_found_and_nothing_else() -> None:
    field = simulate_field(FieldSpec(60, 15_000, **SMALL), 1)
    found = picked(field)
    true, places = np.stack([field.rows, field.columns], 1), np.stack([found.rows, found.columns], 1)
    near = 0.3 * field.diameter_angstrom / PIXEL
    inner = ((true > 40) & (true < SHAPE[0] - 40)).all(axis=1)
    assert np.mean(cKDTree(places).query(true[inner])[0] < near) > 0.9
    assert np.mean(cKDTree(true).query(places)[0] < near) > 0.9
    assert found.confidence is not None
    assert found.confidence > 0.85
    assert found.masked < 0.05
    assert np.median(found.contrasts) == pytest.approx(1, abs=0.4)
    assert (np.diff(found.scores) <= 1e-5).all()


def test_an_empty_field_has_no_particles() -> None:
    found = picked(simulate_field(FieldSpec(0, 15_000, **SMALL), 2))
    assert len(found) == 0
    assert found.confidence is None


def test_crystals_of_ice_are_no_particles() -> None:
    found = picked(simulate_field(FieldSpec(0, 15_000, crystals=3, **SMALL), 4))
    assert found.masked > 0.03
    assert len(found) <= 1


def test_the_threshold_lets_as_many_peaks_of_noise_through_as_it_says() -> None:
    rng = np.random.default_rng(0)
    counts = []
    for _ in range(30):
        noise = contrast_map(rng.normal(100, 5, (256, 256)).astype(np.float32), 8.0, 100.0, OPTICS, 15_000)
        threshold = null_threshold(noise, 4.0)
        inner = noise.contrast[8:-8, 8:-8]
        middle = inner[1:-1, 1:-1]
        neighbours = [
            inner[1 + y : 255 - 16 + y, 1 + x : 255 - 16 + x] for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x
        ]
        is_top = np.all([middle > one for one in neighbours], axis=0)
        counts.append(np.count_nonzero(is_top & (middle > threshold * noise.sigma)))
    assert 2 < np.mean(counts) < 6


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_an_image_without_noise_has_no_particles(value: float) -> None:
    assert len(pick_particles(np.full((200, 150), value, np.float32), 5.0, 80.0, OPTICS, 15_000)) == 0


@pytest.mark.parametrize("shape", [(12, 9), (300, 40), (40, 300), (17, 18)])
def test_any_shape_is_picked(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).normal(50, 4, shape).astype(np.float32)
    assert len(pick_particles(noise, 10.0, 120.0, OPTICS, 15_000)) <= 1
