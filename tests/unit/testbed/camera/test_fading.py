from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlet.testbed.fading import fading, remaining
from cloudlet.testbed.models import Dials
from cloudlet.testbed.scattering import critical_dose

K = np.linspace(0.0, 0.53, 4096)


def test_critical_dose_is_the_published_one() -> None:
    assert critical_dose(np.array([0.1]), 300.0)[0] == pytest.approx(0.24499 * 0.1**-1.6649 + 2.8141)
    assert critical_dose(K, 200.0) == pytest.approx(0.8 * critical_dose(K, 300.0))


def test_amplitude_has_fallen_to_1_over_root_e_at_the_critical_dose() -> None:
    dose = float(critical_dose(np.array([0.2]), 300.0)[0])
    left = remaining(np.array([0.2]), Dials(dose_per_frame=2 * dose, frames=1), 300.0)
    assert left[0, 0] == pytest.approx(math.exp(-0.5))


@settings(max_examples=20)
@given(st.integers(1, 100), st.floats(0.2, 5.0))
def test_few_products_stand_for_the_exact_fading(frames: int, dose: float) -> None:
    dials = Dials(frames=frames, dose_per_frame=dose)
    exact, few = remaining(K, dials, 200.0), fading(K, dials, 200.0)
    assert few.weights.shape[1] <= 4
    assert np.sqrt(((few.weights @ few.radial - exact) ** 2).mean()) < 0.011
