from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cloudlet.testbed.counting import count_table
from cloudlet.testbed.exposure import record_frame, tile_centres

MARGIN = 16
SIDE = 256


def recorded(contrast: np.ndarray | None = None, *, rate: float = 4.0, seed: int = 1, **more: object) -> np.ndarray:
    frame = np.empty((SIDE, SIDE), np.uint8)
    field = np.zeros((SIDE + 2 * MARGIN,) * 2, np.float32) if contrast is None else contrast
    moved = np.asarray(more.get("moved", np.zeros((1, 2, 8, 8))), float)
    sensitivity = np.asarray(more.get("sensitivity", np.ones((SIDE, SIDE))), np.float32)
    record_frame(field, moved, MARGIN, rate, sensitivity, seed, frame)
    return frame


def wave(cycles_y: float, cycles_x: float) -> np.ndarray:
    """Half a contrast of a plane wave whose phase is 0 at the first pixel of the field."""
    y, x = np.indices((SIDE + 2 * MARGIN,) * 2) - MARGIN
    return (0.5 * np.cos(2 * math.pi * (cycles_y * y + cycles_x * x))).astype(np.float32)


def amplitude(frame: np.ndarray, cycles_y: float, cycles_x: float) -> complex:
    """Complex amplitude of a plane wave in a frame, relative to the mean count."""
    y, x = np.indices(frame.shape)
    carrier = np.exp(-2j * math.pi * (cycles_y * y + cycles_x * x))
    return complex(2 * (frame * carrier).mean() / frame.mean())


@settings(max_examples=25)
@given(st.floats(0.05, 60.0), st.integers(0, 2**63 - 1))
def test_counts_have_mean_and_variance_of_poisson(rate: float, seed: int) -> None:
    frame = recorded(rate=rate, seed=seed).astype(float)
    n = frame.size
    assert frame.mean() == pytest.approx(rate, abs=5 * math.sqrt(rate / n) + 2e-3 * rate)
    spread = math.sqrt((2 * rate**2 + rate) / n)
    assert frame.var() == pytest.approx(rate, abs=5 * spread + 5e-3 * rate)


def test_counts_are_distributed_as_poisson() -> None:
    observed = np.bincount(recorded(rate=3.9, seed=5).ravel(), minlength=30)[:12]
    expected = stats.poisson.pmf(np.arange(12), 3.9) * SIDE**2
    assert ((observed - expected) ** 2 / expected).sum() < stats.chi2.ppf(0.9999, 11)


def test_shot_noise_is_white_and_unlike_that_of_another_seed() -> None:
    first, second = recorded(seed=1) - 4.0, recorded(seed=2) - 4.0
    bound = 5 * 4 / math.sqrt(first.size)
    assert abs((first * second).mean()) < bound
    for lag in ((0, 1), (1, 0), (1, 1), (0, 2)):
        assert abs((first * np.roll(first, lag, (0, 1))).mean()) < bound


def test_same_seed_gives_the_same_counts() -> None:
    assert np.array_equal(recorded(seed=9), recorded(seed=9))


def test_a_pixel_with_more_gain_counts_less() -> None:
    sensitivity = np.ones((SIDE, SIDE))
    sensitivity[:, :128] = 0.8
    frame = recorded(sensitivity=sensitivity, rate=8.0)
    assert frame[:, :128].mean() / frame[:, 128:].mean() == pytest.approx(0.8, abs=0.01)


def test_counts_stop_at_255_and_never_fall_below_0() -> None:
    bright = np.full((SIDE + 2 * MARGIN,) * 2, 3.0, np.float32)
    assert recorded(bright, rate=119.0).min() == 255
    assert recorded(-bright).max() == 0


@settings(max_examples=25)
@given(st.floats(-7.0, 7.0), st.floats(-7.0, 7.0))
def test_picture_moves_by_the_displacement(y: float, x: float) -> None:
    moved = np.empty((1, 2, 8, 8))
    moved[0, 0], moved[0, 1] = y, x
    cycles_y, cycles_x = 10 / SIDE, -14 / SIDE
    seen = amplitude(recorded(wave(cycles_y, cycles_x), rate=40.0, moved=moved), cycles_y, cycles_x)
    expected = 0.5 * np.exp(-2j * math.pi * (cycles_y * y + cycles_x * x))
    assert seen == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("length", [2.0, 5.0])
def test_motion_within_a_frame_blurs_as_a_moving_window_does(length: float) -> None:
    moments = 20
    moved = np.zeros((moments, 2, 8, 8))
    moved[:, 0] = (((np.arange(moments) + 0.5) / moments - 0.5) * length)[:, None, None]
    cycles = 30 / SIDE
    seen = amplitude(recorded(wave(cycles, 0), rate=40.0, moved=moved), cycles, 0)
    assert seen == pytest.approx(0.5 * np.sinc(cycles * length), abs=0.01)


def test_tiles_move_on_their_own() -> None:
    contrast = np.zeros((SIDE + 2 * MARGIN,) * 2, np.float32)
    contrast[MARGIN + 16 :: 32, MARGIN + 16 :: 32] = 20.0
    moved = np.zeros((1, 2, 8, 8))
    moved[0, 1, 2, 3] = 5.0
    brightest = recorded(contrast)[64:96, 96:128].argmax()
    assert divmod(int(brightest), 32)[0] == 16
    brightest = recorded(contrast, moved=moved)[64:96, 96:128].argmax()
    assert divmod(int(brightest), 32) == (16, 21)


@given(st.integers(64, 6000))
def test_tiles_cover_an_axis(pixels: int) -> None:
    centres = tile_centres(pixels)
    assert len(centres) == math.ceil(pixels / 32)
    assert np.diff(centres) == pytest.approx(64 / pixels)
    assert centres[0] == pytest.approx(32 / pixels - 1)


def test_count_table_leaves_room_above_the_rate() -> None:
    for rate in (0.1, 7.9, 8.1, 50.0):
        table = count_table(rate)
        assert len(table.counts) / table.rows_per_count > 3 * rate
