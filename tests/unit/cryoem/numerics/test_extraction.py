import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlet.cryoem.numerics.extraction import extract, fits
from cloudlet.cryoem.numerics.reference import cut_out

MICROGRAPH = np.random.default_rng(0).normal(20, 3, (120, 150)).astype(np.float32)


@given(row=st.floats(0, 119), column=st.floats(0, 149), half=st.integers(5, 40), share=st.floats(0.3, 0.9))
@settings(deadline=None)
def test_a_particle_is_cut_out_as_the_plain_way_does(row: float, column: float, half: int, share: float) -> None:
    box, places = 2 * half, (np.array([row]), np.array([column]))
    top, left = round(row) - half, round(column) - half
    is_inside = top >= 0 and left >= 0 and top + box <= 120 and left + box <= 150
    assert fits((120, 150), *places, box).tolist() == [is_inside]
    if is_inside:
        found = extract(MICROGRAPH, *places, box, box, share * box)
        np.testing.assert_allclose(found[0], cut_out(MICROGRAPH, row, column, box, share * box), atol=1e-4)


def test_a_particle_made_smaller_stays_in_the_middle() -> None:
    y, x = np.indices((128, 128))
    micrograph = (10 - 5 * np.exp(-((y - 60) ** 2 + (x - 70) ** 2) / 50)).astype(np.float32)
    micrograph += np.random.default_rng(1).normal(0, 0.05, micrograph.shape).astype(np.float32)
    (found,) = extract(micrograph, np.array([60.0]), np.array([70.0]), 64, 32, 30.0)
    assert np.unravel_index(found.argmax(), found.shape) == (16, 16)
    middle = np.arange(32) - 16
    outside = found[np.hypot(middle[:, None], middle) > 7.5]
    assert outside.mean() == pytest.approx(0, abs=1e-4)
    assert outside.std() == pytest.approx(1, rel=1e-3)


def test_many_particles_are_cut_out_in_their_order() -> None:
    rows, columns = np.linspace(10, 105, 150), np.linspace(10, 130, 150)
    found = extract(MICROGRAPH, rows, columns, 16, 16, 8.0)
    for number in (0, 63, 64, 149):
        np.testing.assert_allclose(
            found[number], cut_out(MICROGRAPH, rows[number], columns[number], 16, 8.0), atol=1e-4
        )


def test_flat_surroundings_make_no_infinity() -> None:
    found = extract(np.full((40, 40), 5, np.float32), np.array([20.0]), np.array([20.0]), 16, 16, 8.0)
    assert (found == 0).all()
