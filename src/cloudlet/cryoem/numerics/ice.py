"""What a spectrum says of the ice: crystals, and how thick it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.ctf import Optics

__all__ = ["ice_ring", "thickness"]

_RING = (3.60, 3.95)
"""Angstrom: hexagonal ice at 3.90 and 3.67, cubic ice at 3.67."""
_BESIDE = ((4.3, 5.0), (3.2, 3.45))

_CERTAIN, _INVERTED = 0.5, -0.4
"""Correlations of rings with the fit before and beyond a node."""
_RUN = 0.03
"""Of the spectrum, over which they must be inverted: noise is so now and then."""


def ice_ring(radial: NDArray[np.float64], length_angstrom: float) -> float | None:
    """Return the highest power in the ring of crystalline ice over what its neighbourhood leads to expect.

    About 1 for vitreous ice; None where the spectrum does not reach so far.

    Parameters
    ----------
    radial
        Mean power by radius in pixels, shape (n,).
    length_angstrom
        Side of a tile: radius r is the frequency r / length.
    """
    resolution = length_angstrom / np.maximum(np.arange(len(radial)), 1e-9)
    if resolution[-1] > _BESIDE[1][0]:
        return None
    middles, levels = [], []
    for low, high in _BESIDE:
        beside = (resolution >= low) & (resolution <= high)
        middles.append(float(np.mean(1 / resolution[beside])))
        levels.append(float(np.log(radial[beside].mean())))
    ring = (resolution >= _RING[0]) & (resolution <= _RING[1])
    expected = np.exp(np.interp(1 / resolution[ring], middles, levels))
    return float(np.max(radial[ring] / expected))


def thickness(frequency: NDArray[np.float64], correlation: NDArray[np.float64], optics: Optics) -> float | None:
    """Return the thickness of the specimen in angstrom, from the first node of its rings; None where none is seen.

    Scattering at different depths has different defocus; where the two surfaces are a whole ring apart, rings vanish,
    and beyond they come back inverted. That is at ``k = 1 / sqrt(lambda t)`` (Elferich et al., eLife 2024, 13:RP97227,
    https://doi.org/10.7554/eLife.97227).

    Parameters
    ----------
    frequency
        In 1/angstrom, shape (n,).
    correlation
        Of rings and fit about each frequency, shape (n,).
    optics
        Of the microscope.
    """
    certain = np.flatnonzero(correlation > _CERTAIN)
    if not len(certain):
        return None
    before = _first_long_run(correlation < _INVERTED, int(certain[0]))
    if before is None:
        return None
    while correlation[before] < 0:
        before -= 1
    if not np.any(correlation[:before] > _CERTAIN):
        return None
    # between the last that agrees and the first that does not
    share = correlation[before] / (correlation[before] - correlation[before + 1])
    node = float(frequency[before] + share * (frequency[before + 1] - frequency[before]))
    return 1 / (optics.wavelength_angstrom * node**2)


def _first_long_run(is_so: NDArray[np.bool_], begin: int) -> int | None:
    """Return where a condition begins to hold for long enough, None where it never does."""
    needed = max(2, round(_RUN * len(is_so)))
    length = 0
    for place in range(begin, len(is_so)):
        length = length + 1 if is_so[place] else 0
        if length == needed:
            return place - needed + 1
    return None
