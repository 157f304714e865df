import numpy as np
import pytest

from cloudlet.cryoem.numerics.spectrum import radial_mean, tile_size_for, tile_spectra


def test_white_noise_has_its_variance_at_every_frequency_in_every_part() -> None:
    noise = np.random.default_rng(5).normal(7, 3, (512, 700)).astype(np.float32)
    spectra = tile_spectra(noise, 128)
    assert spectra.whole.shape == (128, 65)
    for spectrum in (spectra.whole, *spectra.halves, spectra.cells.mean(axis=(0, 1))):
        np.testing.assert_allclose(radial_mean(spectrum)[4:], 9, rtol=0.2)


def test_a_wave_shows_at_its_frequency() -> None:
    rows = np.arange(256)[:, None] * np.ones((1, 256))
    spectrum = tile_spectra(np.cos(2 * np.pi * rows / 8).astype(np.float32), 128).whole
    assert np.unravel_index(spectrum.argmax(), spectrum.shape) in {(16, 0), (112, 0)}


def test_halves_share_no_pixel() -> None:
    image = np.random.default_rng(0).normal(0, 1, (400, 520)).astype(np.float32)
    before = tile_spectra(image, 128).halves
    changed = [0, 0]
    for y, x in ((10, 10), (10, 140), (140, 10), (390, 510)):
        spoilt = image.copy()
        spoilt[y, x] += 100
        differs = [not np.array_equal(a, b) for a, b in zip(tile_spectra(spoilt, 128).halves, before, strict=True)]
        assert sum(differs) <= 1
        changed = [n + d for n, d in zip(changed, differs, strict=True)]
    assert min(changed) >= 1


def test_a_cell_shows_what_lies_in_it() -> None:
    image = np.random.default_rng(0).normal(0, 1, (1280, 1280)).astype(np.float32)
    image[:256, 1024:] *= 3
    cells = tile_spectra(image, 256).cells
    np.testing.assert_allclose(radial_mean(cells[0, 4])[4:].mean(), 9, rtol=0.1)
    np.testing.assert_allclose(radial_mean(cells[2, 2])[4:].mean(), 1, rtol=0.1)


def test_a_cell_that_no_tile_reaches_says_nothing() -> None:
    image = np.random.default_rng(0).normal(0, 1, (346, 384)).astype(np.float32)  # 2.7 tiles and 3
    cells = tile_spectra(image, 128).cells
    assert np.isnan(cells[2]).all()
    assert np.isfinite(np.delete(cells, 2, axis=0)).all()


@pytest.mark.parametrize(("shape", "pixel_size"), [((1024, 1024), 1.4), ((4092, 5760), 0.83)])
def test_tiles_are_long_enough_for_the_rings(shape: tuple[int, int], pixel_size: float) -> None:
    tile = tile_size_for(shape, pixel_size)
    assert 600 <= tile * pixel_size < 650
    assert tile % 2 == 0


def test_there_are_two_tiles_along_each_side() -> None:
    assert tile_size_for((301, 400), 0.5) == 150
