from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.testbed.models import CameraModel, Dials, MotionModel
from cloudlet.testbed.motion import Motion, draw_motion, field_basis

MODEL = CameraModel()
STILL = replace(MODEL, motion=MotionModel(jitter_angstrom=0.0, local_angstrom=0.0, burst_angstrom=0.0))
SEEDS = st.integers(0, 2**32)
AXIS = np.linspace(-1, 1, 9)


def drawn(seed: int, model: CameraModel = MODEL, **dials: float) -> Motion:
    return draw_motion(model, replace(Dials(), **dials), np.random.default_rng(seed))


def path_px(motion: Motion) -> float:
    return float(np.hypot(*np.diff(motion.shifts, axis=0).T).sum())


@given(SEEDS)
def test_path_starts_in_the_middle_of_frame_0(seed: int) -> None:
    motion = drawn(seed)
    assert motion.shifts[0] == pytest.approx([0, 0])
    assert motion.local_growth.mean() == pytest.approx(0, abs=1e-12)


@given(SEEDS)
def test_local_field_reaches_5_6_angstrom(seed: int) -> None:
    field = np.tensordot(drawn(seed).field, field_basis(np.linspace(-1, 1, 33), np.linspace(-1, 1, 33)), 1)
    assert np.abs(field).max() == pytest.approx(5.6 / 1.4)


@given(SEEDS, st.floats(0.0, 10.0))
def test_no_displacement_exceeds_the_reach(seed: int, drift: float) -> None:
    motion = drawn(seed, drift=drift)
    largest = max(float(np.abs(motion.within(frame, AXIS, AXIS)).max()) for frame in range(16))
    assert largest <= motion.reach()


def test_steady_drift_goes_straight_and_as_far_as_dialled() -> None:
    motion = drawn(3, STILL, drift=4.0)
    steps = np.diff(motion.shifts, axis=0)
    assert steps == pytest.approx(np.tile(steps[0], (15, 1)))
    assert np.hypot(*steps[0]) == pytest.approx(4 * 0.105 * 2.5 / 1.4)


def test_five_fold_drift_makes_the_path_more_than_twice_as_long() -> None:
    longer = [path_px(drawn(seed, drift=5.0)) / path_px(drawn(seed)) for seed in range(200)]
    assert np.median(longer) > 2.5
    assert np.percentile(longer, 1) > 2.0


@given(SEEDS)
def test_the_drift_knob_changes_neither_directions_nor_the_local_field(seed: int) -> None:
    assert np.array_equal(drawn(seed).field, drawn(seed, drift=5.0).field)


@given(SEEDS, st.integers(0, 15))
def test_moments_of_a_frame_lie_evenly_around_its_middle_and_close_together(seed: int, frame: int) -> None:
    motion = replace(drawn(seed, drift=5.0), field=np.zeros((2, 5)))
    moments = motion.within(frame, AXIS, AXIS)[:, :, 0, 0]
    assert moments.mean(axis=0) == pytest.approx(motion.shifts[frame])
    assert (np.hypot(*np.diff(moments, axis=0).T) <= 0.7 + 1e-9).all()
