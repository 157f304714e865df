import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlet.cryoem.numerics.picking.peaks import find_peaks
from cloudlet.cryoem.numerics.reference import cleaned_peaks


def ringing(reach: int) -> np.ndarray:
    y, x = np.indices((2 * reach + 1, 2 * reach + 1)) - reach
    radius = np.hypot(y, x)
    return (np.cos(radius / 2) * np.exp(-radius / 4)).astype(np.float32)


@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(20, 70), st.integers(20, 70)),
    reach=st.integers(0, 12),
    apart=st.floats(0.5, 9),
    margin=st.integers(0, 8),
    most=st.integers(1, 30),
)
@settings(deadline=None, max_examples=60)
def test_peaks_are_those_of_the_plain_way(
    seed: int, shape: tuple[int, int], reach: int, apart: float, margin: int, most: int
) -> None:
    height = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    found = find_peaks(height, ringing(reach), apart, 1.5, margin, most)
    expected = cleaned_peaks(height.astype(float), ringing(reach).astype(float), apart, 1.5, margin, most)
    assert list(zip(found.rows, found.columns, strict=True)) == [(row, column) for row, column, _ in expected]
    np.testing.assert_allclose(found.heights, [top for _, _, top in expected], rtol=1e-4)


def test_rings_of_a_strong_peak_are_no_peaks() -> None:
    height = np.zeros((80, 80), np.float32)
    height[40 - 20 : 40 + 21, 40 - 20 : 40 + 21] = 10 * ringing(20)
    assert np.count_nonzero(height > 0.2) > 100
    found = find_peaks(height, ringing(20), 3.0, 0.2, 0, 50)
    assert (found.rows.tolist(), found.columns.tolist()) == ([40], [40])
    assert found.left.max() == pytest.approx(0, abs=1e-5)


def test_what_is_no_number_is_no_peak() -> None:
    height = np.full((32, 32), np.nan, np.float32)
    assert len(find_peaks(height, ringing(3), 2.0, 0.5, 0, 10).rows) == 0
