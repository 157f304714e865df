from collections.abc import Callable

import numpy as np
import pytest

from cloudlet.cryoem.numerics.alignment import AlignmentTask, MotionField, align, binning_for
from cloudlet.cryoem.numerics.alignment.polynomial import fit_polynomial
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.device import Layout
from cloudlet.cryoem.numerics.frames import Defects

Drifting = Callable[..., np.ndarray]
NONE = np.zeros(0, np.intp)


def aligned(frames: np.ndarray, *, pixel_size: float = 1.4, dose: float = 2.5, threads: int = 1) -> MotionField:
    count, rows, columns = frames.shape
    stack = CpuDevice(threads).stack(Layout(count, rows, columns, frames.dtype, binning_for(pixel_size)))
    for number, frame in enumerate(frames):
        stack.buffer(number)[:] = frame
        stack.take(number)
    means = stack.calibrate(None, Defects(NONE, NONE, NONE, NONE))
    return align(stack, AlignmentTask(pixel_size, 200, np.full(count, dose), 0.0, means > 0))


def rms_error(found: np.ndarray, truth: np.ndarray) -> float:
    error = found - truth
    error = error - error.mean(axis=0)
    return float(np.sqrt((error**2).mean()))


def path(frames: int, seed: int, burst: float, drift: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(frames)
    directions = rng.standard_normal((2, 2))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    motion = burst * (1 - np.exp(-time / 2.0))[:, None] * directions[0]
    motion = motion + drift * (time / frames)[:, None] * directions[1]
    return np.asarray(motion - motion[0])


@pytest.mark.parametrize("seed", range(4))
def test_a_known_path_under_shot_noise_is_found_as_well_as_predicted(drifting: Drifting, seed: int) -> None:
    truth = path(12, seed, burst=3.0, drift=3.0)
    found = aligned(drifting(truth, 512, seed))
    assert np.all(found.path[0] == 0)
    error, predicted = rms_error(found.path, truth), float(np.sqrt(np.square(found.path_error()).mean()))
    assert error < 0.15
    assert error < 3 * predicted + 0.03  # what a specimen that wraps around adds


def test_a_long_steady_drift_is_followed(drifting: Drifting) -> None:
    truth = path(16, 1, burst=0.0, drift=24.0)
    assert rms_error(aligned(drifting(truth, 512, 1)).path, truth) < 0.2


def test_a_stage_that_jumps_once_is_followed(drifting: Drifting) -> None:
    truth = np.zeros((12, 2))
    truth[7:] = (14.0, -9.0)
    assert rms_error(aligned(drifting(truth, 512, 2)).path, truth) < 0.3


@pytest.mark.parametrize("seed", range(6))
def test_no_frame_of_an_empty_field_locks_on_a_far_peak_of_its_noise(seed: int) -> None:
    frames = np.random.default_rng(seed).poisson(1, (16, 512, 512)).astype(np.uint8)
    found = aligned(frames).path
    assert np.hypot(*np.diff(found, axis=0).T).max() < 8


def test_a_dead_frame_lies_where_its_neighbours_lead(drifting: Drifting) -> None:
    truth = path(12, 3, burst=0.0, drift=8.0)
    frames = drifting(truth, 512, 3)
    frames[6] = 0
    assert rms_error(aligned(frames).path, truth) < 0.2


def test_two_frames_are_enough(drifting: Drifting) -> None:
    truth = np.array([(0.0, 0.0), (2.5, -1.5)])
    assert rms_error(aligned(drifting(truth, 512, 4, rate=8.0), dose=5.0).path, truth) < 0.2


def test_threads_change_nothing_that_matters(drifting: Drifting) -> None:
    frames = drifting(path(8, 5, burst=2.0, drift=2.0), 512, 5)
    np.testing.assert_allclose(aligned(frames).path, aligned(frames, threads=3).path, atol=1e-4)


def test_a_rigid_specimen_has_next_to_no_local_motion(drifting: Drifting) -> None:
    found = aligned(drifting(path(12, 6, burst=2.0, drift=3.0), 1024, 6))
    assert found.local is not None
    assert found.field_strength() < 0.1


def test_the_field_of_a_stretching_specimen_is_found() -> None:
    side, count = 1024, 10
    growth = np.linspace(0, 1, count)
    frames = stretching(side, growth, largest=4.0)
    found = aligned(frames)
    y, x = (part.ravel() for part in np.meshgrid(*[np.linspace(100, side - 100, 7)] * 2, indexing="ij"))
    truth = growth[:, None, None] * 4.0 * np.stack([y, x], axis=-1) / side
    assert rms_error(found.at(y, x), truth) < 0.15
    error = found.at(y, x) - truth
    predicted = np.sqrt(np.square(found.field_error()).mean() + np.square(found.path_error()).mean())
    assert 0.2 < rms_error(error, np.zeros_like(error)) / predicted < 2.5
    model = fit_polynomial(found)
    assert model is not None
    assert model.residual < 0.1
    along = model.at(count, x / side - 0.5, y / side - 0.5) + found.path[:, None, :]
    assert rms_error(along, truth) < 0.2


def stretching(side: int, growth: np.ndarray, largest: float) -> np.ndarray:
    """Return counts of many small blobs that move away from the corner in proportion to where they are."""
    rng = np.random.default_rng(0)
    places = rng.uniform(0, side, (side * side // 20, 2))
    heights = rng.standard_normal(len(places))
    frames = []
    for part in growth:
        moved = places * (1 + part * largest / side)
        image = np.zeros((side + 8, side + 8))
        whole = np.floor(moved).astype(int)
        rest = moved - whole
        for step_y in (0, 1):
            for step_x in (0, 1):
                share = np.abs(1 - step_y - rest[:, 0]) * np.abs(1 - step_x - rest[:, 1])
                np.add.at(image, (whole[:, 0] + step_y, whole[:, 1] + step_x), share * heights)
        frequency = np.fft.fftfreq(side + 8)[:, None] ** 2 + np.fft.rfftfreq(side + 8)[None, :] ** 2
        smooth = np.fft.irfft2(np.fft.rfft2(image) * np.exp(-60 * frequency), s=image.shape)[:side, :side]
        frames.append(rng.poisson(4 * np.maximum(0, 1 + 0.12 * smooth / smooth.std())))
    return np.array(frames, np.uint8)


@pytest.mark.parametrize(("pixel_size", "factor"), [(0.66, 5), (0.83, 4), (1.4, 2), (2.1, 1), (5.0, 1)])
def test_binned_frames_still_hold_seven_angstrom(pixel_size: float, factor: int) -> None:
    assert binning_for(pixel_size) == factor
