from collections.abc import Callable

import numpy as np
import pytest

from cloudlet.cryoem.numerics.motion import binning_for, estimate_motion, path_length

Drifting = Callable[..., np.ndarray]


def rms_error(found: np.ndarray, truth: np.ndarray) -> float:
    error = found - truth
    error -= error.mean(axis=0)
    return float(np.sqrt((error**2).sum(axis=1).mean()))


def path(frames: int, seed: int, burst: float, drift: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(frames)
    directions = rng.standard_normal((2, 2))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    motion = burst * (1 - np.exp(-time / 2.0))[:, None] * directions[0]
    motion = motion + drift * (time / frames)[:, None] * directions[1]
    return np.asarray(motion - motion[0])


@pytest.mark.parametrize("seed", range(4))
def test_a_known_path_under_shot_noise_is_found_within_a_fifth_of_a_pixel(drifting: Drifting, seed: int) -> None:
    truth = path(12, seed, burst=3.0, drift=3.0)
    frames = [frame.astype(np.float32) for frame in drifting(truth, 256, seed)]
    found = estimate_motion(frames, 2.8, 2.5)
    assert rms_error(found, truth) < 0.2
    assert np.all(found[0] == 0)


def test_a_long_steady_drift_is_followed(drifting: Drifting) -> None:
    truth = path(16, 1, burst=0.0, drift=24.0)
    frames = [frame.astype(np.float32) for frame in drifting(truth, 256, 1)]
    assert rms_error(estimate_motion(frames, 2.8, 2.5), truth) < 0.2


def test_pure_noise_does_not_send_a_frame_beyond_the_reach(drifting: Drifting) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.poisson(4, (256, 256)).astype(np.float32) for _ in range(8)]
    found = estimate_motion(frames, 2.8, 2.5)
    assert np.abs(found).max() < 4 * 84 / 2.8


def test_frames_are_left_as_they_were(drifting: Drifting) -> None:
    frames = [frame.astype(np.float32) for frame in drifting(np.zeros((4, 2)), 128)]
    before = [frame.copy() for frame in frames]
    estimate_motion(frames, 2.8, 2.5)
    for frame, copy in zip(frames, before, strict=True):
        np.testing.assert_array_equal(frame, copy)


@pytest.mark.parametrize(("pixel_size", "factor"), [(0.66, 5), (0.83, 4), (1.4, 2), (2.1, 1), (5.0, 1)])
def test_binned_frames_still_hold_seven_angstrom(pixel_size: float, factor: int) -> None:
    assert binning_for(pixel_size) == factor


def test_path_length_adds_up_steps() -> None:
    np.testing.assert_allclose(path_length(np.array([(0.0, 0.0), (3.0, 4.0), (3.0, 5.0)])), [0, 5, 6])
