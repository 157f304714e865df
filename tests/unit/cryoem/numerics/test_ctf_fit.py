import numpy as np
import pytest

from cloudlet.cryoem.numerics.ctf import Defocus, Optics, ctf
from cloudlet.cryoem.numerics.ctf_fit import fit_ctf

PIXEL, TILE = 1.4, 512


def synthetic(optics: Optics, truth: Defocus, seed: int, contrast: float = 0.6) -> np.ndarray:
    """Return a spectrum as an average of nine periodograms: a falling background, and rings that fade with k^2."""
    rng = np.random.default_rng(seed)
    y, x = np.fft.fftfreq(TILE, PIXEL)[:, None], np.fft.rfftfreq(TILE, PIXEL)[None, :]
    k2 = y**2 + x**2
    background = 60 * (1 + 4 * np.exp(-np.sqrt(k2) * 60) - 0.5 * np.sqrt(k2))
    rings = contrast * np.exp(-25 * k2) * 2 * np.square(ctf(TILE, PIXEL, optics, truth))
    return (background * (1 + rings) * rng.gamma(9, 1 / 9, k2.shape)).astype(np.float32)


CASES = [(6_000, 200, 20.0), (9_000, 0, 0.0), (14_000, 600, -60.0), (21_000, 350, 85.0), (30_000, 150, -20.0)]


@pytest.mark.parametrize(("mean", "astigmatism", "angle"), CASES)
@pytest.mark.parametrize("voltage", [200, 300])
def test_defocus_and_astigmatism_of_a_theoretical_spectrum_are_found(
    mean: float, astigmatism: float, angle: float, voltage: float
) -> None:
    optics = Optics(voltage, 2.7, 0.1)
    truth = Defocus(mean + astigmatism / 2, mean - astigmatism / 2, angle)
    fit = fit_ctf(synthetic(optics, truth, seed=int(mean + voltage)), PIXEL, optics)
    assert fit is not None
    assert abs(fit.defocus.mean_angstrom - mean) < 30
    assert abs(fit.defocus.astigmatism_angstrom - astigmatism) < 60
    if astigmatism >= 200:
        assert abs((fit.defocus.angle_degrees - angle + 90) % 180 - 90) < 5


def test_fainter_rings_give_a_coarser_fit_resolution_and_score() -> None:
    optics, truth = Optics(200, 2.7, 0.1), Defocus(15_100, 14_900, 10.0)
    strong = fit_ctf(synthetic(optics, truth, 1, contrast=0.8), PIXEL, optics)
    faint = fit_ctf(synthetic(optics, truth, 1, contrast=0.15), PIXEL, optics)
    assert strong is not None
    assert faint is not None
    assert strong.resolution_angstrom < faint.resolution_angstrom
    assert strong.score > faint.score


def test_noise_without_rings_scores_near_nothing() -> None:
    optics = Optics(200, 2.7, 0.1)
    flat = synthetic(optics, Defocus(15_000, 15_000, 0), 2, contrast=0.0)
    fit = fit_ctf(flat, PIXEL, optics)
    assert fit is not None
    assert fit.score < 0.1
    assert fit.resolution_angstrom > 5  # the threshold at which a micrograph counts as bad


def test_an_empty_spectrum_has_no_fit() -> None:
    assert fit_ctf(np.zeros((TILE, TILE // 2 + 1), np.float32), PIXEL, Optics(200, 2.7, 0.1)) is None
