import numpy as np
import pytest

from cloudlet.cryoem.numerics.ctf import Defocus, Optics, ctf
from cloudlet.cryoem.numerics.ctf_fit import CtfFit, CtfSearch, fit_ctf
from cloudlet.cryoem.numerics.spectrum import CELLS, TileSpectra

PIXEL, TILE = 1.4, 512


def synthetic(optics: Optics, truth: Defocus, seed: int, contrast: float = 0.6) -> np.ndarray:
    """Return a spectrum as an average of nine periodograms: a falling background, and rings that fade with k^2."""
    rng = np.random.default_rng(seed)
    y, x = np.fft.fftfreq(TILE, PIXEL)[:, None], np.fft.rfftfreq(TILE, PIXEL)[None, :]
    k2 = y**2 + x**2
    background = 60 * (1 + 4 * np.exp(-np.sqrt(k2) * 60) - 0.5 * np.sqrt(k2))
    rings = contrast * np.exp(-25 * k2) * 2 * np.square(ctf(TILE, PIXEL, optics, truth))
    return (background * (1 + rings) * rng.gamma(9, 1 / 9, k2.shape)).astype(np.float32)


def fitted(optics: Optics, truth: Defocus, seed: int, contrast: float = 0.6, *, has_gap: bool = False) -> CtfFit:
    halves = [synthetic(optics, truth, 2 * seed + n, contrast) for n in (0, 1)]
    whole = (halves[0] + halves[1]) / 2
    cells = np.broadcast_to(whole, (CELLS, CELLS, *whole.shape)).copy()
    if has_gap:
        cells[2], cells[:, 2] = np.nan, np.nan
    fit = fit_ctf(TileSpectra(whole, (halves[0], halves[1]), cells), (2048, 2048), PIXEL, optics)
    assert fit is not None
    return fit


CASES = [(6_000, 200, 20.0), (9_000, 0, 0.0), (14_000, 600, -60.0), (21_000, 350, 85.0), (30_000, 150, -20.0)]


@pytest.mark.parametrize(("mean", "astigmatism", "angle"), CASES)
@pytest.mark.parametrize("voltage", [200, 300])
def test_defocus_and_astigmatism_of_a_theoretical_spectrum_are_found(
    mean: float, astigmatism: float, angle: float, voltage: float
) -> None:
    optics = Optics(voltage, 2.7, 0.1)
    truth = Defocus(mean + astigmatism / 2, mean - astigmatism / 2, angle)
    fit = fitted(optics, truth, seed=int(mean + voltage))
    assert abs(fit.defocus.mean_angstrom - mean) < 30
    assert abs(fit.defocus.astigmatism_angstrom - astigmatism) < 60
    if astigmatism >= 200:
        assert abs((fit.defocus.angle_degrees - angle + 90) % 180 - 90) < 5


def test_cells_without_tiles_are_left_out_of_the_local_defocus() -> None:
    optics, truth = Optics(300, 2.7, 0.1), Defocus(15_200, 14_800, 10.0)
    whole, gap = fitted(optics, truth, 4), fitted(optics, truth, 4, has_gap=True)
    assert gap.local.plane == pytest.approx(whole.local.plane, abs=1e-3)
    assert abs(gap.local.plane[0] - 15_000) < 40
    assert np.count_nonzero(np.isnan(gap.local.cells)) == 9


def test_fainter_rings_give_a_coarser_fit_resolution_and_score() -> None:
    optics, truth = Optics(200, 2.7, 0.1), Defocus(15_100, 14_900, 10.0)
    strong, faint = fitted(optics, truth, 1, contrast=0.8), fitted(optics, truth, 1, contrast=0.15)
    assert strong.resolution_angstrom < faint.resolution_angstrom
    assert strong.score > faint.score


def test_noise_without_rings_scores_near_nothing() -> None:
    optics = Optics(200, 2.7, 0.1)
    fit = fitted(optics, Defocus(15_000, 15_000, 0), 2, contrast=0.0)
    assert not fit.is_certain
    assert fit.score < 0.1
    assert fit.resolution_angstrom > 5  # the threshold at which a micrograph counts as bad


def test_an_empty_spectrum_has_no_fit() -> None:
    empty = np.zeros((TILE, TILE // 2 + 1), np.float32)
    spectra = TileSpectra(empty, (empty, empty), np.zeros((CELLS, CELLS, *empty.shape), np.float32))
    assert fit_ctf(spectra, (2048, 2048), PIXEL, Optics(200, 2.7, 0.1)) is None


def test_halves_that_share_no_noise_agree_where_rings_are_strong() -> None:
    fit = fitted(Optics(300, 2.7, 0.1), Defocus(15_200, 14_800, 30.0), 3)
    assert 0 < fit.repeatability_angstrom < 30
    assert fit.is_certain


def test_a_phase_shift_is_found_where_it_is_looked_for() -> None:
    optics, truth = Optics(300, 2.7, 0.1, phase_shift=np.pi / 3), Defocus(9_200, 9_000, 30.0)
    halves = [synthetic(optics, truth, seed) for seed in (0, 1)]
    cells = np.broadcast_to(halves[0], (CELLS, CELLS, *halves[0].shape))
    spectra = TileSpectra((halves[0] + halves[1]) / 2, (halves[0], halves[1]), cells)
    search = CtfSearch(phase_shifts=tuple(np.radians(np.arange(0, 180, 15))))
    fit = fit_ctf(spectra, (2048, 2048), PIXEL, Optics(300, 2.7, 0.1), search)
    assert fit is not None
    assert abs(np.degrees(fit.phase_shift) - 60) <= 15
    assert abs(fit.defocus.mean_angstrom - 9_100) < 150


def test_a_tilted_specimen_is_reported_by_the_defocus_of_its_places() -> None:
    optics, side = Optics(300, 2.7, 0.1), 2048
    rise = np.linspace(-0.4, 0.4, CELLS) * side * PIXEL * np.tan(np.radians(20))
    cells = np.empty((CELLS, CELLS, TILE, TILE // 2 + 1), np.float32)
    for row, column in np.ndindex(CELLS, CELLS):
        focus = 15_000 + rise[column]
        cells[row, column] = synthetic(optics, Defocus(focus + 100, focus - 100, 10.0), 5 * row + column)
    whole = cells[2, 2]
    fit = fit_ctf(TileSpectra(whole, (cells[1, 2], cells[3, 2]), cells), (side, side), PIXEL, optics)
    assert fit is not None
    assert fit.local.tilt_degrees == pytest.approx(20, abs=1)
    assert np.abs(fit.local.cells - 15_000 - rise).max() < 60
