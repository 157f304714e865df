import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.picking import contrast
from cloudlet.cryoem.numerics.picking.contrast import ball, contrast_map, interaction
from cloudlet.cryoem.numerics.reference import best_contrast

OPTICS = Optics(300.0, 2.7, 0.1)


def test_the_interaction_is_that_of_textbooks() -> None:
    assert interaction(300) == pytest.approx(6.53e-4, rel=2e-3)
    assert interaction(200) == pytest.approx(7.29e-4, rel=2e-3)


def test_a_ball_has_its_volume() -> None:
    assert ball(np.zeros(1), 100.0)[0] == pytest.approx(4 / 3 * np.pi * 50**3, rel=1e-5)


@given(
    seed=st.integers(0, 2**32 - 1),
    defocus=st.floats(5_000, 30_000),
    row=st.integers(20, 75),
    column=st.integers(20, 90),
)
@settings(deadline=None, max_examples=15)
def test_the_map_is_the_most_probable_contrast_everywhere(seed: int, defocus: float, row: int, column: int) -> None:
    pixel, diameter = 8.0, 90.0
    image = np.random.default_rng(seed).normal(40, 6, (96, 112)).astype(np.float32)
    found = contrast_map(image, pixel, diameter, OPTICS, defocus)
    relative = contrast._relative(image, diameter / pixel)
    margin = 0.5 * diameter / pixel
    edge = contrast.edge
    relative = relative * edge(96, margin / 96)[:, None] * edge(112, margin / 112)
    frequency = np.hypot(np.fft.fftfreq(96, pixel)[:, None], np.fft.fftfreq(112, pixel)[None, :])
    lens = -np.sin(OPTICS.phase(frequency**2, defocus))
    expected = 2 * contrast.PROTEIN_VOLTS * interaction(300) * ball(frequency, diameter) * lens / pixel**2
    expected[0, 0] = 0
    power = np.interp(frequency, *contrast._noise(relative, pixel, diameter))
    value, sigma = best_contrast(relative, expected, power, row, column)
    assert found.contrast[row, column] == pytest.approx(value, abs=1e-3 * sigma)
    assert found.sigma == pytest.approx(sigma, rel=1e-4)


def test_noise_is_as_strong_as_it_says_and_a_drawn_particle_has_the_contrast_it_was_drawn_with() -> None:
    pixel, diameter, shape = 8.0, 100.0, (256, 256)
    rng = np.random.default_rng(3)
    noise = rng.normal(100, 4, shape).astype(np.float32)
    empty = contrast_map(noise, pixel, diameter, OPTICS, 15_000)
    assert empty.contrast.std() == pytest.approx(empty.sigma, rel=0.1)
    frequency = np.hypot(np.fft.fftfreq(256, pixel)[:, None], np.fft.rfftfreq(256, pixel)[None, :])
    lens = -np.sin(OPTICS.phase(frequency**2, 15_000))
    drawn = 2 * contrast.PROTEIN_VOLTS * interaction(300) * ball(frequency, diameter) * lens / pixel**2
    particle = np.fft.irfft2(drawn * np.exp(2j * np.pi * 0.5 * (np.indices(drawn.shape).sum(axis=0))), s=shape)
    found = contrast_map((noise * (1 + 0.7 * particle)).astype(np.float32), pixel, diameter, OPTICS, 15_000)
    assert found.contrast[128, 128] == pytest.approx(0.7, abs=4 * found.sigma)
    assert particle[128, 128] < 0, "protein is dark"
