import numpy as np

from cloudlet.cryoem.numerics.frames import find_defects


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


def test_a_good_neighbour_stands_in_for_each_defect() -> None:
    total = poisson(60)
    total[10:12, 20:22] = 900
    defects = find_defects(total, None)
    assert total[defects.stand_in_rows, defects.stand_in_columns].max() < 200
    assert np.abs(defects.stand_in_rows - defects.rows).max() <= 2
    assert np.abs(defects.stand_in_columns - defects.columns).max() <= 2
    assert len(set(zip(defects.stand_in_rows, defects.stand_in_columns, strict=True))) > 1


def test_known_defects_are_joined_and_wide_columns_and_blocks_find_good_pixels_too() -> None:
    total, known = poisson(60, 400), np.zeros((400, 400), bool)
    total[3, 4] = 900
    known[:, 50:57] = True
    known[100:160, 200:280] = True
    defects = find_defects(total, None, known)
    assert len(defects) == np.count_nonzero(known) + 1
    bad = known.copy()
    bad[3, 4] = True
    assert not bad[defects.stand_in_rows, defects.stand_in_columns].any()


def test_a_known_defect_does_not_hide_a_hot_pixel_beside_it() -> None:
    total, known = poisson(60), np.zeros((200, 200), bool)
    known[10, 10] = True
    total[10, 10] = total[10, 11] = 5000
    assert len(find_defects(total, None, known)) == 2


def test_defects_alone_stand_in_for_themselves() -> None:
    total = np.zeros((20, 20), np.float32)
    defects = find_defects(total, np.zeros((20, 20), np.float32))
    np.testing.assert_array_equal(defects.stand_in_rows, defects.rows)
    np.testing.assert_array_equal(defects.stand_in_columns, defects.columns)
