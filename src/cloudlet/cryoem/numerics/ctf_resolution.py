"""How far out the rings of a spectrum follow the fitted CTF."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.ctf import Defocus, Optics

__all__ = ["EquiphaseBins", "equiphase_bins", "fit_resolution", "windowed_correlation"]

_OVERSAMPLING = 2


@dataclass(frozen=True)
class EquiphaseBins:
    """Lines of equal CTF phase, along which astigmatism does not blur the rings of a spectrum."""

    index: NDArray[np.intp]
    """Of the line of each coefficient, flat."""
    members: NDArray[np.intp]
    """Coefficients on each line, shape (count,)."""
    step: float
    """From one line to the next, in 1/angstrom at the mean defocus: half a pixel."""

    @property
    def count(self) -> int:
        """Lines from frequency 0 to Nyquist."""
        return len(self.members)

    @property
    def frequency(self) -> NDArray[np.float64]:
        """In 1/angstrom at the mean defocus, shape (count,)."""
        return np.arange(self.count, dtype=np.float64) * self.step

    def average(self, spectrum: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the mean power on each line, shape (count,)."""
        totals = np.bincount(self.index, spectrum.ravel(), self.count + 1)[: self.count]
        there = self.members > 0
        places = np.arange(self.count)
        average: NDArray[np.float64] = np.interp(places, places[there], totals[there] / self.members[there])
        return average


def equiphase_bins(tile: int, pixel_size_angstrom: float, optics: Optics, defocus: Defocus) -> EquiphaseBins:
    """Put every coefficient, laid out as ``rfft2``, to the radius that has its phase at the mean defocus."""
    y = np.fft.fftfreq(tile, pixel_size_angstrom)[:, None]
    x = np.fft.rfftfreq(tile, pixel_size_angstrom)[None, :]
    phase = optics.phase(y**2 + x**2, defocus.along(np.arctan2(y, x))) - optics.phase_offset
    bins = np.sqrt(_squared_frequency_at(phase, optics, defocus.mean_angstrom))
    step = 1 / (_OVERSAMPLING * tile * pixel_size_angstrom)
    count = tile // 2 * _OVERSAMPLING
    index = np.minimum(bins / step + 0.5, count).astype(np.intp).ravel()
    return EquiphaseBins(index, np.bincount(index, minlength=count + 1)[:count], step)


def windowed_correlation(
    rings: NDArray[np.float64], model: NDArray[np.float64], chi: NDArray[np.float64], first: int
) -> NDArray[np.float64]:
    """Correlate measured rings with modelled ones in a window about each frequency.

    The window reaches over three quarters of a ring to either side (a ring is pi in `chi`), at least a fortieth of the
    spectrum; nothing below `first` is in it. All arrays have shape (n,); below `first` the result is 1.
    """
    slope = np.maximum(np.abs(np.gradient(chi)), 1e-3)
    ring_width = math.pi / slope
    half = np.maximum(len(rings) / 40, 0.75 * ring_width).astype(int)
    places = np.arange(len(rings))
    begin, end = np.maximum(first, places - half), np.minimum(len(rings), places + half + 1)
    end = np.maximum(end, begin + 1)
    correlation = _correlation_between(rings, model, begin, end)
    correlation[:first] = 1
    return correlation


def fit_resolution(frequency: NDArray[np.float64], correlation: NDArray[np.float64], first: int) -> float:
    """Return the resolution in angstrom to which a fit can be trusted.

    As CTFFIND4 defines it (Rohou & Grigorieff 2015, section 2.7): looking outwards, the fit ends where the
    correlation falls below 0.1 after it had exceeded it in more than 3 bins, or below 0.5 after it had exceeded
    0.66 in more than 3 bins.

    Parameters
    ----------
    frequency
        In 1/angstrom, shape (n,).
    correlation
        From `windowed_correlation`, of the same shape.
    first
        Where to begin.
    """
    seen_low = seen_high = 0
    enough = 3 * _OVERSAMPLING
    for place in range(first, len(correlation)):
        value = correlation[place]
        if (seen_low > enough and value < 0.1) or (seen_high > enough and value < 0.5):
            return 1 / float(frequency[place])
        seen_low += value > 0.1
        seen_high += value > 0.66
    return 1 / float(frequency[-1])


def _squared_frequency_at(phase: NDArray[np.float64], optics: Optics, defocus_angstrom: float) -> NDArray[np.float64]:
    """Return the squared frequency at which `defocus_angstrom` gives `phase`: the lower root of the quadratic."""
    linear, quadratic = optics.focus_factor * defocus_angstrom, optics.aberration_factor
    root = np.sqrt(np.maximum(linear**2 + 4 * quadratic * phase, 0))
    squared = (root - linear) / (2 * quadratic) if quadratic else phase / linear
    return np.maximum(squared, 0)


def _correlation_between(
    a: NDArray[np.float64], b: NDArray[np.float64], begin: NDArray[np.intp], end: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return Pearson's correlation of ``a[begin:end]`` and ``b[begin:end]`` for each pair of ends."""

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        running = np.concatenate([[0.0], np.cumsum(values)])
        over_window: NDArray[np.float64] = (running[end] - running[begin]) / (end - begin)
        return over_window

    mean_a, mean_b = mean(a), mean(b)
    covariance = mean(a * b) - mean_a * mean_b
    variances = np.maximum(mean(a * a) - mean_a**2, 0) * np.maximum(mean(b * b) - mean_b**2, 0)
    return covariance / np.sqrt(variances + 1e-30)
