import numpy as np
import pytest

from cloudlet.cryoem.numerics.dose import critical_dose, voltage_factor


@pytest.mark.parametrize(("voltage", "factor"), [(300, 1.0), (200, 0.8), (100, 0.64)])
def test_critical_dose_is_the_published_curve_scaled_by_voltage(voltage: float, factor: float) -> None:
    frequency = np.array([0.02, 0.1, 0.25], np.float32)
    expected = [factor * (0.24499 * k**-1.6649 + 2.8141) for k in (0.02, 0.1, 0.25)]
    np.testing.assert_allclose(critical_dose(frequency, voltage), expected, rtol=1e-5)


def test_voltages_between_are_interpolated_and_those_outside_are_not_extrapolated() -> None:
    assert voltage_factor(250) == pytest.approx(0.9)
    assert voltage_factor(80) == 0.64
    assert voltage_factor(400) == 1.0
