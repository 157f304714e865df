"""Fitting defocus and astigmatism to a power spectrum.

A search over the radial mean finds the defocus whose rings fit best; with it the background is averaged over whole
rings; then mean defocus and both components of astigmatism are fitted to every pixel of the half plane, first to
5 angstrom, where rings are strong and wide, then as far as asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from cloudlet.cryoem.numerics.cpu.thon import match_rings
from cloudlet.cryoem.numerics.ctf import Defocus, Optics
from cloudlet.cryoem.numerics.ctf_background import Flattened, flatten_by_phase, running_rms, smooth_background
from cloudlet.cryoem.numerics.ctf_local import LocalDefocus, local_defocus
from cloudlet.cryoem.numerics.ctf_resolution import equiphase_bins, fit_resolution, windowed_correlation
from cloudlet.cryoem.numerics.ice import ice_ring, thickness
from cloudlet.cryoem.numerics.spectrum import TileSpectra, radial_mean

__all__ = ["CtfFit", "CtfSearch", "fit_ctf"]


LARGEST_DIFFERENCE = 100.0
"""Angstrom between disjoint halves, beyond which a fit is not to be relied on."""


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
    phase_shifts: tuple[float, ...] = (0.0,)
    """Of a phase plate, in radians: the best of them is taken."""


@dataclass(frozen=True)
class CtfFit:
    """What was found."""

    defocus: Defocus
    phase_shift: float
    """Of a phase plate in radians, 0...pi; 0 where none was looked for."""
    score: float
    """Normalised correlation of rings and model over the half plane, 0...1."""
    resolution_angstrom: float
    """To which rings follow the model; see `cloudlet.cryoem.numerics.ctf_resolution.fit_resolution`."""
    repeatability_angstrom: float
    """Largest difference of defocus, over all directions, between two halves of the micrograph that share no pixel."""
    background: NDArray[np.float64]
    """Power without rings by radius in pixels, shape (tile // 2,)."""
    local: LocalDefocus
    thickness_angstrom: float | None
    """None where no node of the rings is seen."""
    ice_ring: float | None
    """See `cloudlet.cryoem.numerics.ice.ice_ring`."""

    @property
    def is_certain(self) -> bool:
        """Whether both halves agree well enough to be believed."""
        return self.repeatability_angstrom <= LARGEST_DIFFERENCE


def fit_ctf(
    spectra: TileSpectra,
    shape: tuple[int, int],
    pixel_size_angstrom: float,
    optics: Optics,
    search: CtfSearch | None = None,
) -> CtfFit | None:
    """Fit the CTF to the power spectra of a micrograph.

    Parameters
    ----------
    spectra
        Of tiles of the micrograph.
    shape
        (rows, columns) of the micrograph.
    pixel_size_angstrom
        Of the micrograph.
    optics
        Of the microscope.
    search
        None for the defaults.

    Returns
    -------
    CtfFit or None
        None where some ring holds no power at all: that is no exposure.
    """
    search = search or CtfSearch()
    found = _fit(spectra.whole, pixel_size_angstrom, optics, search)
    halves = [_fit(half, pixel_size_angstrom, optics, search) for half in spectra.halves]
    if found is None or halves[0] is None or halves[1] is None:
        return None
    rings, defocus, optics = found.rings, found.defocus, found.optics
    length = spectra.tile * pixel_size_angstrom
    limits = rings.first / length, rings.last / length
    size = shape[0] * pixel_size_angstrom, shape[1] * pixel_size_angstrom
    correlation = _correlation(found, pixel_size_angstrom, spectra.whole)
    first = int(np.searchsorted(correlation.frequency, 1 / search.low_resolution))
    return CtfFit(
        defocus=defocus,
        phase_shift=optics.phase_shift,
        score=found.score,
        resolution_angstrom=fit_resolution(
            correlation.frequency, correlation.values, max(first, len(correlation.frequency) // 10)
        ),
        repeatability_angstrom=_difference(halves[0].defocus, halves[1].defocus),
        background=found.flattened.background,
        local=local_defocus(spectra.cells, found.flattened, pixel_size_angstrom, optics, defocus, limits, size),
        thickness_angstrom=thickness(correlation.frequency, correlation.values, optics),
        ice_ring=ice_ring(rings.radial, length),
    )


@dataclass(frozen=True)
class _Found:
    """The fit of one spectrum."""

    rings: _Rings
    flattened: Flattened
    optics: Optics
    defocus: Defocus
    score: float


@dataclass(frozen=True)
class _Correlation:
    frequency: NDArray[np.float64]
    values: NDArray[np.float64]


def _fit(spectrum: NDArray[np.float32], pixel_size_angstrom: float, optics: Optics, search: CtfSearch) -> _Found | None:
    radial = radial_mean(spectrum)
    if not np.all(radial[1:] > 0) or not np.all(np.isfinite(radial)):
        return None
    best: _Found | None = None
    for shift in search.phase_shifts:
        shifted = replace(optics, phase_shift=shift)
        rings = _Rings(radial, spectrum.shape[0], pixel_size_angstrom, shifted, search)
        start, flattened = rings.search()
        vector, score = _Plane(spectrum, flattened, rings, shifted).fit(start)
        if best is None or score > best.score:
            best = _Found(rings, flattened, shifted, Defocus.from_vector(*vector), score)
    return best


def _difference(a: Defocus, b: Defocus) -> float:
    """Return the largest difference over all directions: of the means, and of the vectors of astigmatism."""
    vectors = [0.5 * one.astigmatism_angstrom * np.exp(2j * math.radians(one.angle_degrees)) for one in (a, b)]
    return float(abs(a.mean_angstrom - b.mean_angstrom) + abs(vectors[0] - vectors[1]))


def _correlation(found: _Found, pixel_size_angstrom: float, spectrum: NDArray[np.float32]) -> _Correlation:
    bins = equiphase_bins(spectrum.shape[0], pixel_size_angstrom, found.optics, found.defocus)
    background = found.flattened.background
    chi = found.optics.phase(bins.frequency**2, found.defocus.mean_angstrom)
    radius = bins.frequency / bins.frequency[-1] * (len(background) - 0.5)
    rings = bins.average(spectrum) / np.interp(radius, np.arange(len(background)), background) - 1
    first = int(np.searchsorted(bins.frequency, 1 / found.rings.settings.low_resolution))
    return _Correlation(bins.frequency, windowed_correlation(rings, -np.cos(2 * chi), chi, first))


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
        optics = self._optics
        product, square, *slopes = match_rings(
            self._rings[part],
            self._weight[part],
            self._k2[part],
            self._cosine[part],
            self._sine[part],
            optics.focus_factor,
            optics.aberration_factor,
            optics.phase_offset,
            *map(float, vector),
        )
        root = math.sqrt(square)
        gradient = (np.array(slopes[:3]) - np.array(slopes[3:]) * (product / square)) / root
        return product / root, gradient
