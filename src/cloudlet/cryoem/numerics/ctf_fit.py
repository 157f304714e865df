"""Fitting defocus and astigmatism to a power spectrum.

A search over the radial mean finds the defocus whose rings fit best; with it the background is averaged over whole
rings; then mean defocus and both components of astigmatism are fitted to every pixel of the half plane, first to
5 angstrom, where rings are strong and wide, then as far as asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from cloudlet.cryoem.numerics.ctf import Defocus, Optics
from cloudlet.cryoem.numerics.ctf_background import Flattened, flatten_by_phase, running_rms, smooth_background
from cloudlet.cryoem.numerics.ctf_resolution import equiphase_average, fit_resolution, windowed_correlation
from cloudlet.cryoem.numerics.spectrum import radial_mean

__all__ = ["CtfFit", "CtfSearch", "fit_ctf"]


@dataclass(frozen=True)
class CtfSearch:
    """Where to look; all in angstrom."""

    defocus_from: float = 3_000.0
    defocus_to: float = 50_000.0
    step: float = 100.0
    low_resolution: float = 40.0
    high_resolution: float = 3.3
    strong_resolution: float = 5.0
    """The first fit in two dimensions goes so far only."""


@dataclass(frozen=True)
class CtfFit:
    """What was found."""

    defocus: Defocus
    score: float
    """Normalised correlation of rings and model over the half plane, 0...1."""
    resolution_angstrom: float
    """To which rings follow the model; see `cloudlet.cryoem.numerics.ctf_resolution.fit_resolution`."""
    background: NDArray[np.float64]
    """Power without rings by radius in pixels, shape (tile // 2,)."""


def fit_ctf(
    spectrum: NDArray[np.float32],
    pixel_size_angstrom: float,
    optics: Optics,
    search: CtfSearch | None = None,
) -> CtfFit | None:
    """Fit the CTF to a power spectrum.

    Parameters
    ----------
    spectrum
        Power laid out as ``rfft2``, shape (tile, tile // 2 + 1).
    pixel_size_angstrom
        Of the image it was made of.
    optics
        Of the microscope.
    search
        None for the defaults.

    Returns
    -------
    CtfFit or None
        None where some ring holds no power at all: that is no exposure.
    """
    radial = radial_mean(spectrum)
    if not np.all(radial[1:] > 0) or not np.all(np.isfinite(radial)):
        return None
    search = search or CtfSearch()
    rings = _Rings(radial, spectrum.shape[0], pixel_size_angstrom, optics, search)
    start, flattened = rings.search()
    plane = _Plane(spectrum, flattened, rings, optics)
    vector, score = plane.fit(start)
    defocus = Defocus.from_vector(*vector)
    average = equiphase_average(spectrum, pixel_size_angstrom, optics, defocus)
    resolution = _resolution(average.frequency, average.power, flattened, optics, defocus, search)
    return CtfFit(defocus, score, resolution, flattened.background)


class _Rings:
    """The radial spectrum and the one-dimensional search for the defocus that fits it."""

    def __init__(
        self, radial: NDArray[np.float64], tile: int, pixel_size_angstrom: float, optics: Optics, search: CtfSearch
    ) -> None:
        self.radial = radial
        self.optics = optics
        self.settings = search
        self.length_angstrom = tile * pixel_size_angstrom
        self.frequency = np.arange(len(radial)) / self.length_angstrom
        self.first = max(2, int(self.length_angstrom / search.low_resolution))
        self.last = self.radius(max(search.high_resolution, pixel_size_angstrom / 0.48))

    def radius(self, resolution_angstrom: float) -> int:
        """Return the radius in pixels of a resolution, within the spectrum."""
        return min(len(self.radial), int(self.length_angstrom / resolution_angstrom))

    def search(self) -> tuple[float, Flattened]:
        """Return the defocus in angstrom, and the spectrum flattened with it."""
        wide = self.settings
        background = smooth_background(self.radial)
        excess = self.radial / background - 1
        amplitude = running_rms(excess, 31) + 1e-9
        best = self._best(excess, amplitude, np.arange(wide.defocus_from, wide.defocus_to, wide.step))
        flattened = Flattened(background, excess, amplitude)
        for _ in range(2):
            flattened = flatten_by_phase(
                self.radial, flattened.background, self.frequency, self.optics, best, self.first
            )
            near = np.arange(max(wide.defocus_from, best - 600), best + 600, 20.0)
            best = self._best(flattened.rings, flattened.amplitude, near)
        return best, flattened

    def _best(
        self, rings: NDArray[np.float64], amplitude: NDArray[np.float64], candidates: NDArray[np.float64]
    ) -> float:
        part = slice(self.first, self.last)
        floor = 0.02 * float(amplitude[self.first :].max())
        even = rings[part] / np.maximum(amplitude[part], floor)
        weight = np.sqrt(np.arange(self.first, self.last))
        phase = self.optics.phase(self.frequency[part] ** 2, candidates[:, None])
        model = -np.cos(2 * phase)
        match = model @ (weight * even) / np.sqrt(model**2 @ weight)
        return float(candidates[match.argmax()])


class _Plane:
    """All pixels of the half plane between two resolutions, and the fit of an astigmatic defocus to them."""

    _SCALE = 100.0
    """Angstrom to one unit of the minimiser, so that its steps are of order 1."""

    def __init__(self, spectrum: NDArray[np.float32], flattened: Flattened, rings: _Rings, optics: Optics) -> None:
        self._optics = optics
        tile = spectrum.shape[0]
        y, x = np.meshgrid(np.fft.fftfreq(tile, 1 / tile), np.arange(tile // 2 + 1), indexing="ij")
        radius = np.hypot(y, x)
        kept = (radius >= rings.first) & (radius <= rings.last) & ~((x == 0) & (y < 0))
        outwards = np.argsort(radius[kept])  # so that a resolution limit is a slice
        y, x, self._radius = y[kept][outwards], x[kept][outwards], radius[kept][outwards]
        places = np.arange(len(flattened.background))
        self._rings = spectrum[kept][outwards] / np.interp(self._radius, places, flattened.background) - 1
        amplitude = flattened.amplitude / flattened.amplitude[rings.first :].max()
        self._weight = np.interp(self._radius, places, amplitude)
        self._k2 = (self._radius / rings.length_angstrom) ** 2
        self._cosine, self._sine = (x**2 - y**2) / self._radius**2, 2 * x * y / self._radius**2
        self._strong = slice(0, int(np.searchsorted(self._radius, rings.radius(rings.settings.strong_resolution))))

    def fit(self, start: float) -> tuple[tuple[float, float, float], float]:
        """Return (mean, cosine, sine component) in angstrom and the score, beginning at mean defocus `start`."""
        whole = slice(0, len(self._radius))
        vector = self._refined(self._first_guess(start), self._strong)
        vector = self._refined(vector, whole)
        norm = float(np.sqrt(np.dot(self._weight, self._rings**2)))
        score = self._score(vector, whole)[0] / norm
        return (float(vector[0]), float(vector[1]), float(vector[2])), score

    def _first_guess(self, start: float) -> NDArray[np.float64]:
        turns = [(math.cos(2 * t), math.sin(2 * t)) for t in np.arange(0, math.pi, math.pi / 8)]
        halves = [(0.0, 0.0), *((half * c, half * s) for half in (150.0, 400.0, 800.0) for c, s in turns)]
        guesses = [np.array([start + d, c, s]) for d in (-100.0, 0.0, 100.0) for c, s in halves]
        return max(guesses, key=lambda guess: self._score(guess, self._strong)[0])

    def _refined(self, vector: NDArray[np.float64], part: slice) -> NDArray[np.float64]:
        scale = max(abs(self._score(vector, part)[0]), 1e-9)

        def cost(scaled: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            value, gradient = self._score(scaled * self._SCALE, part)
            return -value / scale, -gradient * self._SCALE / scale

        options = {"gtol": 1e-5, "maxiter": 60}
        found = minimize(cost, vector / self._SCALE, jac=True, method="BFGS", options=options)
        refined: NDArray[np.float64] = found.x * self._SCALE
        return refined

    def _score(self, vector: NDArray[np.float64], part: slice) -> tuple[float, NDArray[np.float64]]:
        """Return the weighted correlation with the model, and its gradient per angstrom; shape (3,)."""
        mean, along, across = vector
        k2, weight, rings = self._k2[part], self._weight[part], self._rings[part]
        cosine, sine = self._cosine[part], self._sine[part]
        phase = 2 * self._optics.phase(k2, mean + along * cosine + across * sine)
        model, slope = -np.cos(phase), np.sin(phase) * (2 * self._optics.focus_factor) * k2
        product, square = float(np.dot(weight * rings, model)), float(np.dot(weight * model, model))
        root = math.sqrt(square)
        change = weight * slope * (rings / root - model * (product / (square * root)))
        gradient = np.array([change.sum(), np.dot(change, cosine), np.dot(change, sine)])
        return product / root, gradient


def _resolution(
    frequency: NDArray[np.float64],
    power: NDArray[np.float64],
    flattened: Flattened,
    optics: Optics,
    defocus: Defocus,
    search: CtfSearch,
) -> float:
    chi = optics.phase(frequency**2, defocus.mean_angstrom)
    radius = frequency / frequency[-1] * (len(flattened.background) - 0.5)
    rings = power / np.interp(radius, np.arange(len(flattened.background)), flattened.background) - 1
    first = int(np.searchsorted(frequency, 1 / search.low_resolution))
    correlation = windowed_correlation(rings, -np.cos(2 * chi), chi, first)
    return fit_resolution(frequency, correlation, max(first, len(frequency) // 10))
