import numpy as np
import pytest

from cloudlet.cryoem.numerics.ctf import Defocus, Optics, ctf
from cloudlet.cryoem.numerics.ctf_resolution import equiphase_bins, fit_resolution, windowed_correlation

OPTICS = Optics(200, 2.7, 0.1)


def test_the_equiphase_average_undoes_astigmatism() -> None:
    astigmatic, round_one = Defocus(16_000, 14_000, 35.0), Defocus(15_000, 15_000, 0.0)
    spectrum = np.square(ctf(512, 1.4, OPTICS, astigmatic))
    bins = equiphase_bins(512, 1.4, OPTICS, astigmatic)
    chi = OPTICS.phase(bins.frequency**2, round_one.mean_angstrom)
    part = slice(40, 300)
    assert np.corrcoef(bins.average(spectrum)[part], np.sin(chi[part]) ** 2)[0, 1] > 0.98


@pytest.mark.parametrize("end", [200, 320, 450])
def test_rings_that_stop_give_the_resolution_where_they_stop(end: int) -> None:
    frequency = np.arange(512) / (2 * 512 * 1.4)
    chi = OPTICS.phase(frequency**2, 15_000)
    model = -np.cos(2 * chi)
    rng = np.random.default_rng(end)
    rings = np.where(np.arange(512) < end, model, 0) + rng.normal(0, 0.2, 512)
    correlation = windowed_correlation(rings, model, chi, 30)
    found = 1 / fit_resolution(frequency, correlation, 51) * 2 * 512 * 1.4
    assert abs(found - end) < 25


def test_rings_to_the_edge_give_nyquist() -> None:
    frequency = np.arange(256) / (2 * 256 * 1.4)
    chi = OPTICS.phase(frequency**2, 10_000)
    model = -np.cos(2 * chi)
    correlation = windowed_correlation(model, model, chi, 20)
    assert fit_resolution(frequency, correlation, 25) == pytest.approx(1 / frequency[-1])
