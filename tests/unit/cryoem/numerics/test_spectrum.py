import numpy as np
import pytest

from cloudlet.cryoem.numerics.spectrum import power_spectrum, radial_mean, tile_size_for


def test_white_noise_has_its_variance_at_every_frequency() -> None:
    noise = np.random.default_rng(5).normal(7, 3, (512, 700)).astype(np.float32)
    spectrum = power_spectrum(noise, 128)
    assert spectrum.shape == (128, 65)
    np.testing.assert_allclose(radial_mean(spectrum)[4:], 9, rtol=0.1)


def test_a_wave_shows_at_its_frequency() -> None:
    rows = np.arange(256)[:, None] * np.ones((1, 256))
    spectrum = power_spectrum(np.cos(2 * np.pi * rows / 8).astype(np.float32), 128)
    assert np.unravel_index(spectrum.argmax(), spectrum.shape) in {(16, 0), (112, 0)}


@pytest.mark.parametrize(("shape", "pixel_size", "tile"), [((1024, 1024), 1.4, 512), ((4092, 5760), 0.83, 1024)])
def test_tiles_are_long_enough_for_the_rings(shape: tuple[int, int], pixel_size: float, tile: int) -> None:
    assert tile_size_for(shape, pixel_size) == tile


def test_a_tile_is_never_larger_than_the_image() -> None:
    assert tile_size_for((301, 400), 0.5) == 300
