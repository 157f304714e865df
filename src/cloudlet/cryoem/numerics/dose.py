"""How much of a specimen's signal survives the electrons it has seen.

Grant & Grigorieff, eLife 2015, 4:e06980, https://doi.org/10.7554/eLife.06980.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["critical_dose", "voltage_factor"]

_FACTORS = {100.0: 0.64, 200.0: 0.80, 300.0: 1.0}
"""Share of the critical dose at 300 kV; 200 kV from the paper, 100 kV the same ratio once more, as RELION has it."""


def voltage_factor(voltage_kv: float) -> float:
    """Return the factor on the critical dose at 300 kV; linear between 100, 200 and 300 kV, constant outside."""
    return float(np.interp(voltage_kv, list(_FACTORS), list(_FACTORS.values())))


def critical_dose(frequency: NDArray[np.float32], voltage_kv: float) -> NDArray[np.float32]:
    """Return the dose after which the amplitude has fallen to exp(-1/2) (equation 3 of the paper).

    Parameters
    ----------
    frequency
        In 1/angstrom, any shape.
    voltage_kv
        Of the electrons.

    Returns
    -------
    numpy.ndarray
        In electrons per square angstrom, of the same shape; infinite at frequency 0.
    """
    with np.errstate(divide="ignore"):
        dose = 0.24499 * np.power(frequency, -1.6649) + 2.8141
    scaled: NDArray[np.float32] = (voltage_factor(voltage_kv) * dose).astype(np.float32)
    return scaled
