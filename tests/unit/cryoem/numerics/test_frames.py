import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlet.cryoem.numerics.frames import binned, corrected, find_defects


def poisson(mean: float, side: int = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, (side, side)).astype(np.float32)


def test_exactly_the_hot_pixels_are_found() -> None:
    total = poisson(60)
    places = [(0, 0), (10, 20), (10, 21), (199, 150)]
    for place in places:
        total[place] = 900
    defects = find_defects(total, None)
    assert sorted(zip(defects.rows, defects.columns, strict=True)) == places


def test_a_bright_hole_in_the_specimen_is_no_defect() -> None:
    total = poisson(60)
    total[50:120, 60:130] = poisson(220, 70, seed=1)
    assert len(find_defects(total, None)) == 0


def test_a_dark_grid_bar_is_no_defect() -> None:
    total = poisson(200)
    total[:, :40] = 1
    assert len(find_defects(total, None)) == 0


def test_a_gain_of_zero_marks_a_defect() -> None:
    gain = np.ones((200, 200), np.float32)
    gain[5, 6] = 0
    defects = find_defects(poisson(60) * gain, gain)
    assert [(int(defects.rows[0]), int(defects.columns[0]))] == [(5, 6)]


def test_defects_take_the_value_of_a_good_neighbour_and_the_frame_is_left_alone() -> None:
    total = poisson(60)
    total[10:12, 20:22] = 900
    defects = find_defects(total, None)
    before = total.copy()
    mended = corrected(total, None, defects)
    assert mended.max() < 200
    assert mended[10, 20] in total[8:13, 18:23]
    np.testing.assert_array_equal(total, before)


def test_an_image_of_defects_alone_does_no_harm() -> None:
    gain = np.zeros((20, 20), np.float32)
    total = np.zeros((20, 20), np.float32)
    assert np.all(corrected(total, gain, find_defects(total, gain)) == 0)


def test_counts_are_multiplied_by_the_gain() -> None:
    frame = np.array([[1, 2], [3, 250]], np.uint8)
    gain = np.array([[1.0, 0.5], [2.0, 2.0]], np.float32)
    np.testing.assert_array_equal(corrected(frame, gain), [[1, 1], [6, 500]])


@given(factor=st.integers(1, 5), rows=st.integers(5, 17), columns=st.integers(5, 17))
@settings(max_examples=30)
def test_binning_keeps_every_count_of_whole_squares(factor: int, rows: int, columns: int) -> None:
    image = np.random.default_rng(0).integers(0, 9, (rows, columns)).astype(np.float32)
    small = binned(image, factor)
    assert small.shape == (rows // factor, columns // factor)
    assert small.sum() == image[: rows // factor * factor, : columns // factor * factor].sum()
    assert small[0, 0] == image[:factor, :factor].sum()
