"""How strongly ice, carbon and protein scatter, as functions of spatial frequency k in 1/Å."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MEAN_FREE_PATH_ANGSTROM",
    "arriving_fraction",
    "carbon_power",
    "critical_dose",
    "elastic_contrast",
    "ice_power",
    "protein_amplitude",
]

Floats = NDArray[np.float64]

MEAN_FREE_PATH_ANGSTROM = 3000.0
"""Inelastic mean free path in ice, about right for 200 to 300 kV (doi:10.1016/j.jsb.2018.06.007)."""

BACKGROUND_SHARE = 0.5
"""Of the inelastically scattered electrons half are stopped by the aperture, half arrive without contrast."""

WATER_PER_ANGSTROM3 = 0.0314
"""Molecules per Å³ of vitreous ice at 0.94 g/cm³."""

WATER_SCATTERING_ANGSTROM = 3.0
WATER_MOTION_ANGSTROM2 = 0.5
"""Mean-square motion of the water, which dims the ice's fine structure: the ice itself is drawn rigid."""

CARBON_PER_ANGSTROM3 = 0.1
CARBON_SCATTERING_ANGSTROM = 2.5
CARBON_MEAN_SQUARE_DENSITY = CARBON_SCATTERING_ANGSTROM**2 * CARBON_PER_ANGSTROM3

ATOM_B_FACTOR_ANGSTROM2 = 12.0
SOLVENT_SHARE = 0.58
"""The part of the protein's potential that the water it displaces would have had."""

SOLVENT_B_FACTOR_ANGSTROM2 = 250.0
"""How smoothly the solvent follows the protein's outline (a flat bulk-solvent model)."""

CRITICAL_DOSE_KV = (100.0, 200.0, 300.0)
CRITICAL_DOSE_FACTOR = (0.532, 0.8, 1.0)


def arriving_fraction(ice_angstrom: float) -> float:
    """Return the fraction of electrons that reaches the camera through so much ice."""
    elastic = math.exp(-ice_angstrom / MEAN_FREE_PATH_ANGSTROM)
    return elastic + BACKGROUND_SHARE * (1.0 - elastic)


def elastic_contrast(ice_angstrom: float) -> float:
    """Return the fraction of the arriving electrons that carries contrast."""
    return math.exp(-ice_angstrom / MEAN_FREE_PATH_ANGSTROM) / arriving_fraction(ice_angstrom)


def ice_power(k: Floats, ice_angstrom: float) -> Floats:
    """Return the power spectrum of the projected scattering length of vitreous ice, per Å² of area.

    Shot noise of the molecules times a structure factor with the broad 3.7 Å peak of amorphous ice and a level
    of 0.07 below it (compressibility), times the molecule's form factor and the water's motion.
    """
    structure = 0.07 + 1.45 * np.exp(-0.5 * ((k - 0.272) / 0.05) ** 2) + 0.9 / (1 + np.exp(-(k - 0.36) / 0.03))
    form = np.exp(-2.0 * k**2 / 0.42**2)
    motion = np.exp(-4.0 * math.pi**2 * k**2 * WATER_MOTION_ANGSTROM2)
    return WATER_SCATTERING_ANGSTROM**2 * WATER_PER_ANGSTROM3 * ice_angstrom * structure * form * motion


def carbon_power(k: Floats, carbon_angstrom: float) -> Floats:
    """Return the power spectrum of the projected scattering length of amorphous carbon, per Å² of area."""
    structure = 0.35 + 1.2 * np.exp(-0.5 * ((k - 0.48) / 0.08) ** 2)
    return CARBON_MEAN_SQUARE_DENSITY * carbon_angstrom * structure * np.exp(-2.0 * k**2 / 0.36)


def protein_amplitude(k: Floats) -> Floats:
    """Return by how much an atom's scattering length at zero angle is scaled at k, its displaced solvent taken off."""
    atom = np.exp(-ATOM_B_FACTOR_ANGSTROM2 * k**2 / 4.0)
    return atom * (1.0 - SOLVENT_SHARE * np.exp(-SOLVENT_B_FACTOR_ANGSTROM2 * k**2 / 4.0))


def critical_dose(k: Floats, voltage_kv: float) -> Floats:
    """Return the dose in e/Å² after which a protein's signal at k has faded to 1/√e.

    Grant & Grigorieff (doi:10.7554/eLife.06980), measured at 300 kV; interpolated between the factors used at
    100, 200 and 300 kV.
    """
    factor = float(np.interp(voltage_kv, CRITICAL_DOSE_KV, CRITICAL_DOSE_FACTOR))
    return factor * (0.24499 * np.maximum(k, 1e-6) ** -1.6649 + 2.8141)
