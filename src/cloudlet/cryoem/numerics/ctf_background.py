"""The part of a radial spectrum that is not rings: first by a stiff curve, then by averaging over whole rings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from cloudlet.cryoem.numerics.ctf import Optics

__all__ = ["Flattened", "flatten_by_phase", "running_rms", "smooth_background"]

_PERIOD = 24
"""Samples to one ring, which is pi in chi."""


@dataclass(frozen=True)
class Flattened:
    """A radial spectrum taken apart."""

    background: NDArray[np.float64]
    """In the spectrum's unit, shape (n,)."""
    rings: NDArray[np.float64]
    """Spectrum over background, less 1; shape (n,)."""
    amplitude: NDArray[np.float64]
    """Local root mean square of `rings`, always positive; shape (n,)."""


def smooth_background(radial: NDArray[np.float64], pieces: int = 7, first: int = 4) -> NDArray[np.float64]:
    """Return a cubic spline through the logarithm of a radial spectrum, stiff enough to ignore rings.

    Parameters
    ----------
    radial
        Mean power by radius in pixels, all positive, shape (n,).
    pieces
        Of the spline, of equal width in the square root of the radius.
    first
        Radii below this one hold illumination only: they are left out, and get the value at it.
    """
    root = np.sqrt(np.arange(first, len(radial)))
    place = np.clip((root - root[0]) / (root[-1] - root[0]), 0, 1 - 1e-9)
    knots = np.concatenate([[0.0] * 3, np.linspace(0, 1, pieces + 1), [1.0] * 3])
    basis = BSpline.design_matrix(place, knots, 3).toarray()
    weighted = basis * root[:, None]
    coefficients = np.linalg.lstsq(weighted, np.log(radial[first:]) * root, rcond=None)[0]
    curve = basis @ coefficients
    background: NDArray[np.float64] = np.exp(np.concatenate([np.full(first, curve[0]), curve]))
    return background


def flatten_by_phase(
    radial: NDArray[np.float64],
    background: NDArray[np.float64],
    frequency: NDArray[np.float64],
    optics: Optics,
    defocus_angstrom: float,
    first: int,
) -> Flattened:
    """Improve a background by averaging over exactly one ring, wherever the rings of this defocus lie.

    Parameters
    ----------
    radial
        Mean power by radius in pixels, shape (n,).
    background
        From `smooth_background`, of the same shape.
    frequency
        In 1/angstrom at each radius.
    optics
        Of the microscope.
    defocus_angstrom
        A first estimate, good to a fraction of a ring.
    first
        The first radius that is to be fitted; below it there are no whole rings.
    """
    at = _frequencies_of_equal_phase(frequency, optics, defocus_angstrom)
    excess = np.log(np.interp(at, frequency, radial / background))
    excess = _ring_mean(_ring_mean(excess))
    correction = np.interp(frequency, at, excess)
    correction[: max(2, first // 2)] = correction[max(2, first // 2)]
    better = background * np.exp(correction)
    rings = radial / better - 1
    power = _padded_mean(np.interp(at, frequency, rings) ** 2, np.ones(2 * _PERIOD + 1))
    return Flattened(better, rings, np.interp(frequency, at, np.sqrt(power)) + 1e-9)


def running_rms(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the root mean square over `width` neighbours; beyond the ends there are zeros."""
    return np.sqrt(np.convolve(values**2, np.full(width, 1 / width), "same"))


def _frequencies_of_equal_phase(
    frequency: NDArray[np.float64], optics: Optics, defocus_angstrom: float
) -> NDArray[np.float64]:
    fine = np.linspace(frequency[2], frequency[-1], 8 * len(frequency))
    chi = optics.phase(fine**2, defocus_angstrom)
    rising = np.maximum.accumulate(chi) + 1e-9 * np.arange(len(chi))  # spherical aberration turns chi back at last
    steps = np.arange(rising[0], rising[-1], math.pi / _PERIOD)
    return np.interp(steps, rising, fine)


def _ring_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.ones(_PERIOD + 1)
    share[0] = share[-1] = 0.5
    return _padded_mean(values, share)


def _padded_mean(values: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(values, len(share) // 2, mode="reflect")
    return np.convolve(padded, share / share.sum(), "valid")
