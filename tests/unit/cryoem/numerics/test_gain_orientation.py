import numpy as np
import pytest

from cloudlet.cryoem.numerics.gain_orientation import Orientation, Verdict, match_gain, oriented

CASES = [
    Orientation(turns, flipped, divided) for turns in range(4) for flipped in (False, True) for divided in (False, True)
]


def reference(shape: tuple[int, int], spread: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pixels = 1 + spread * rng.standard_normal(shape)
    return np.asarray(pixels * (1 + spread * rng.standard_normal((1, shape[1]))), np.float32)


def counted(gain: np.ndarray, rate: float = 35.0) -> np.ndarray:
    return np.random.default_rng(1).poisson(rate / gain).astype(np.float32)


@pytest.mark.parametrize("true", CASES)
@pytest.mark.parametrize("shape", [(512, 512), (500, 640)])
def test_the_orientation_is_found(true: Orientation, shape: tuple[int, int]) -> None:
    stored = reference(shape[::-1] if true.quarter_turns % 2 else shape, 0.02, 0)
    match = match_gain(counted(oriented(stored, true)), stored)
    assert match is not None
    assert match.verdict is Verdict.CLEAR
    assert match.orientation == true


def test_a_reference_of_another_session_and_one_of_corrected_frames_are_unrelated() -> None:
    stored = reference((512, 512), 0.03, 0)
    for total in (counted(reference((512, 512), 0.03, 7)), counted(np.ones((512, 512), np.float32))):
        match = match_gain(total, stored)
        assert match is not None
        assert match.verdict is Verdict.UNRELATED


def test_a_flat_reference_and_too_few_counts_show_nothing() -> None:
    flat = np.ones((512, 512), np.float32)
    faint = reference((512, 512), 0.0005, 0)
    for stored in (flat, faint):
        match = match_gain(counted(stored), stored)
        assert match is not None
        assert match.verdict is Verdict.INVISIBLE


def test_where_nothing_shows_the_first_orientation_that_fits_is_taken() -> None:
    faint = reference((500, 640), 0.0005, 0)
    match = match_gain(counted(np.ones((640, 500), np.float32)), faint)
    assert match is not None
    assert (match.verdict, match.orientation) == (Verdict.INVISIBLE, Orientation(1, False, False))


def test_a_symmetric_reference_is_ambiguous() -> None:
    half = reference((512, 512), 0.03, 0)
    stored = np.ascontiguousarray((half + half[::-1]) / 2)
    match = match_gain(counted(stored), stored)
    assert match is not None
    assert match.verdict is Verdict.AMBIGUOUS


def test_defects_stay_zero_when_divided() -> None:
    stored = np.array([[2.0, 0.0], [4.0, 5.0]], np.float32)
    np.testing.assert_allclose(oriented(stored, Orientation(0, False, True)), [[0.5, 0], [0.25, 0.2]])


def test_a_quarter_turn_is_counter_clockwise_with_row_zero_at_the_bottom() -> None:
    stored = np.zeros((3, 3), np.float32)
    stored[0, 2] = 1  # bottom right
    turned = oriented(stored, Orientation(1, False, False))
    assert turned[2, 2] == 1  # top right


def test_a_shape_that_no_candidate_gives_is_reported() -> None:
    assert (
        match_gain(np.ones((512, 640), np.float32), reference((640, 512), 0.02, 0), [Orientation(0, False, False)])
        is None
    )
