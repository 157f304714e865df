import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.cryoem.numerics.ctf import Defocus, Optics, ctf

OPTICS = Optics(200, 2.7, 0.1)


@pytest.mark.parametrize("voltage", [100, 200, 300])
def test_wavelength_follows_from_constants_of_nature(voltage: float) -> None:
    h, m, e, c = 6.62607015e-34, 9.1093837139e-31, 1.602176634e-19, 299792458.0
    energy = e * voltage * 1e3
    expected = h * c / math.sqrt(energy**2 + 2 * energy * m * c**2) * 1e10
    assert Optics(voltage, 2.7, 0.1).wavelength_angstrom == pytest.approx(expected, rel=1e-8)


def test_without_aberration_and_amplitude_contrast_zeros_lie_at_whole_multiples() -> None:
    optics = Optics(300, 0.0, 0.0)
    k2 = np.arange(1, 20) / (optics.wavelength_angstrom * 15_000)
    np.testing.assert_allclose(np.sin(optics.phase(k2, 15_000)), 0, atol=1e-9)


def test_scherzer_phase_has_its_turning_point_where_defocus_balances_aberration() -> None:
    lam, cs = OPTICS.wavelength_angstrom, 2.7e7
    k2 = np.array([5_000 / (lam**2 * cs)])
    step = 1e-6
    rise = OPTICS.phase(k2 + step, 5_000) - OPTICS.phase(k2 - step, 5_000)
    assert abs(rise[0]) < 1e-9


@given(mean=st.floats(4_000, 30_000), half=st.floats(1, 1_000), angle=st.floats(-89, 89))
def test_a_defocus_survives_being_taken_apart(mean: float, half: float, angle: float) -> None:
    turn = math.radians(2 * angle)
    defocus = Defocus.from_vector(mean, half * math.cos(turn), half * math.sin(turn))
    assert defocus.mean_angstrom == pytest.approx(mean)
    assert defocus.astigmatism_angstrom == pytest.approx(2 * half)
    assert defocus.angle_degrees == pytest.approx(angle, abs=1e-6)
    theta = math.radians(angle)
    assert defocus.along(np.array(theta)) == pytest.approx(defocus.u_angstrom)
    assert defocus.along(np.array(theta + math.pi / 2)) == pytest.approx(defocus.v_angstrom)


def test_rings_are_narrower_along_the_direction_of_larger_defocus() -> None:
    wide = ctf(256, 1.4, OPTICS, Defocus(20_000, 10_000, 90.0))  # U along y, which is along the rows
    along_y, along_x = wide[:60, 0], wide[0, :60]
    assert np.argmax(along_y < -0.9) < np.argmax(along_x < -0.9)


def test_at_frequency_zero_only_amplitude_contrast_is_left() -> None:
    assert ctf(64, 1.4, OPTICS, Defocus(15_000, 15_000, 0))[0, 0] == pytest.approx(-0.1)
