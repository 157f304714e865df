import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlet.cryoem.numerics.fourier import radial_frequency, shifted, taper

shifts = st.floats(-20, 20)


@given(y=shifts, x=shifts, waves_y=st.integers(-7, 7), waves_x=st.integers(0, 7))
@settings(max_examples=40, deadline=None)
def test_a_wave_moves_by_exactly_the_shift(y: float, x: float, waves_y: int, waves_x: int) -> None:
    rows, columns = np.meshgrid(np.arange(48), np.arange(32), indexing="ij")

    def wave(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return np.cos(2 * np.pi * (waves_y * rows / 48 + waves_x * columns / 32) + 0.3)

    moved = shifted(wave(rows, columns).astype(np.float32), np.array([y, x]))
    np.testing.assert_allclose(moved, wave(rows - y, columns - x), atol=2e-4)


def test_a_whole_pixel_shift_is_a_roll_and_leaves_the_image_alone() -> None:
    image = np.random.default_rng(1).standard_normal((33, 40)).astype(np.float32)
    before = image.copy()
    moved = shifted(image, np.array([3.0, -5.0]))
    np.testing.assert_allclose(moved, np.roll(image, (3, -5), (0, 1)), atol=1e-5)
    np.testing.assert_array_equal(image, before)


def test_frequency_reaches_half_a_pixel_along_an_axis() -> None:
    frequency = radial_frequency((64, 48), 1.4)
    assert frequency.shape == (64, 25)
    assert frequency[0, 0] == 0
    assert np.isclose(frequency[0, -1], 0.5 / 1.4)
    assert np.isclose(frequency[32, 0], 0.5 / 1.4)


def test_a_taper_is_one_inside_and_falls_towards_every_edge() -> None:
    window = taper((100, 60), 0.1)
    assert np.all(window[15:-15, 10:-10] == 1)
    assert window[0].max() < 0.1
    assert window[:, -1].max() < 0.1
    np.testing.assert_allclose(window, window[::-1, ::-1], atol=1e-7)
