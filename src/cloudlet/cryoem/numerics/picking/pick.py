"""From a micrograph to its particles."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, uniform_filter

from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.device import HalfPlane
from cloudlet.cryoem.numerics.picking.contrast import ContrastMap, contrast_map
from cloudlet.cryoem.numerics.picking.peaks import Peaks, find_peaks

__all__ = ["Picks", "coarse_shape", "null_threshold", "pick_micrograph", "pick_particles"]

Floats = NDArray[np.float64]

_PIXELS = 12
"""Across a particle, of the coarse image."""
_REACH = 2.5
"""Diameters out to which the response is known."""
_APART = 0.75
"""Diameters between two particles: some overlap in projection."""
_CHANCE = 0.1
"""Peaks of noise that a micrograph may be expected to have above the threshold."""
_FIRST_GUESS = 4.0
"""Of the score above which there are so few; a few steps lead to it from anywhere."""
_SHARE = 0.45
"""Of the typical contrast: what is weaker is debris, or a ring of something stronger."""
_FAINTEST = 0.15
"""Contrast below which nothing is protein."""
_STRONGEST, _BEYOND = 2.5, 2.5
"""Contrast, and times the typical one, beyond which it is ice or gold."""
_LARGER, _LARGE, _LARGE_BEYOND = 2.0, 0.45, 0.5
"""Diameters, and the contrast at that size, also over the typical one, beyond which it is a crystal."""
_AROUND = 2.0
"""Diameters around all that where nothing is picked."""
_ROUGH, _ROUGH_OVER = 1.5, 4.0
"""Times the usual noise, over so many diameters: carbon film, or the edge of the hole."""


@dataclass(frozen=True)
class Picks:
    """Particles, the surest first."""

    rows: Floats
    """Of their middles, in pixels of the image that was picked, shape (n,)."""
    columns: Floats
    """Shape (n,)."""
    scores: Floats
    """Contrast in standard deviations of the noise, shape (n,)."""
    contrasts: Floats
    """Over that of a ball of protein, shape (n,)."""
    confidence: float | None
    """Share of the picks that are none of noise, as far as the noise can tell; None without picks."""
    masked: float
    """Share of the area where contamination or film forbids to look."""

    def __len__(self) -> int:
        return len(self.rows)

    def scaled(self, down: float, across: float) -> Picks:
        """Return them in whole pixels of an image so many times as high and wide; RELION would round parts down."""
        return replace(self, rows=np.rint(self.rows * down), columns=np.rint(self.columns * across))

    def chosen(self, which: NDArray[np.bool_]) -> Picks:
        """Return some of them, shape (n,)."""
        return replace(
            self,
            rows=self.rows[which],
            columns=self.columns[which],
            scores=self.scores[which],
            contrasts=self.contrasts[which],
            confidence=self.confidence if which.any() else None,
        )


def coarse_shape(shape: tuple[int, int], pixel_size_angstrom: float, diameter_angstrom: float) -> tuple[int, int]:
    """Return (rows, columns) of the image to be picked, as coarse as particles of that size let it be."""
    scale = min(1.0, _PIXELS * pixel_size_angstrom / diameter_angstrom)
    return max(2, round(shape[0] * scale)), max(2, round(shape[1] * scale))


def pick_micrograph(
    plane: HalfPlane,
    shape: tuple[int, int],
    pixel_size_angstrom: float,
    diameter_angstrom: float,
    optics: Optics,
    defocus_angstrom: float,
) -> Picks:
    """Find particles in a micrograph as coarse as they let it be; their places are whole pixels of the micrograph.

    Parameters
    ----------
    plane
        The micrograph's transform.
    shape, pixel_size_angstrom
        Of the micrograph.
    diameter_angstrom, optics, defocus_angstrom
        As for `pick_particles`.
    """
    coarse = coarse_shape(shape, pixel_size_angstrom, diameter_angstrom)
    down, across = shape[0] / coarse[0], shape[1] / coarse[1]
    image = plane.image(*coarse)
    found = pick_particles(image, pixel_size_angstrom * down, diameter_angstrom, optics, defocus_angstrom)
    return found.scaled(down, across)


def pick_particles(
    image: NDArray[np.float32],
    pixel_size_angstrom: float,
    diameter_angstrom: float,
    optics: Optics,
    defocus_angstrom: float,
) -> Picks:
    """Find particles.

    Parameters
    ----------
    image
        Shape (rows, columns), of `coarse_shape`; particles are dark.
    pixel_size_angstrom
        Of it.
    diameter_angstrom
        Of a ball of the particles' volume, or of their shorter sides.
    optics, defocus_angstrom
        Underfocus is positive.
    """
    compared = contrast_map(image, pixel_size_angstrom, diameter_angstrom, optics, defocus_angstrom)
    diameter = diameter_angstrom / pixel_size_angstrom
    threshold = null_threshold(compared, _CHANCE)
    peaks = _peaks(compared.contrast, compared, diameter, threshold)
    larger = contrast_map(image, pixel_size_angstrom, _LARGER * diameter_angstrom, optics, defocus_angstrom)
    blocked = _blocked(compared, larger, peaks, diameter)
    is_good = ~blocked[peaks.rows, peaks.columns]
    contrasts = peaks.heights.astype(np.float64)
    limit = max(threshold * compared.sigma, _FAINTEST, _SHARE * _typical(contrasts[is_good]))
    chosen = np.flatnonzero(is_good & (contrasts >= limit))
    chosen = chosen[np.argsort(-contrasts[chosen], kind="stable")]
    y, x = _tops(compared.contrast, peaks.rows[chosen], peaks.columns[chosen])
    return Picks(
        rows=y,
        columns=x,
        scores=contrasts[chosen] / compared.sigma,
        contrasts=contrasts[chosen],
        confidence=_confidence(compared, peaks.left, blocked, diameter, limit, len(chosen)),
        masked=float(blocked.mean()),
    )


def null_threshold(compared: ContrastMap, expected: float) -> float:
    """Return the score above which a map of noise alone is expected to have so many peaks.

    A Gaussian field of area A whose slope has the variance s has about ``A s (2 pi)^(-3/2) t exp(-t^2 / 2)`` peaks
    above t standard deviations (Adler & Hasofer, Ann. Probab. 1976, 4:1, https://doi.org/10.1214/aop/1176996176).
    """
    score = _FIRST_GUESS
    for _ in range(20):
        peaks = compared.contrast.size * compared.steepness * (2 * np.pi) ** -1.5 * score
        score = float(np.sqrt(2 * np.log(max(peaks / expected, np.e))))
    return score


def _peaks(contrast: NDArray[np.float32], compared: ContrastMap, diameter: float, threshold: float) -> Peaks:
    reach = min(round(_REACH * diameter), (min(contrast.shape) - 1) // 2)
    response = np.roll(compared.response, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    most = int(contrast.size / (_APART * diameter) ** 2) + 1
    margin = round(0.5 * diameter)
    return find_peaks(contrast, response, _APART * diameter, threshold * compared.sigma, margin, most)


def _typical(contrasts: Floats) -> float:
    """Return the median of the stronger ones, those above half of themselves; 0 where there are none."""
    chosen = contrasts
    for _ in range(5):
        if not len(chosen):
            return 0.0
        chosen = contrasts[contrasts > 0.5 * np.median(chosen)]
    return float(np.median(chosen)) if len(chosen) else 0.0


def _blocked(compared: ContrastMap, larger: ContrastMap, peaks: Peaks, diameter: float) -> NDArray[np.bool_]:
    """Return where nothing is picked: around what is too strong or too large for particles, and where all is rough."""
    typical = _typical(peaks.heights.astype(np.float64))
    strong = larger.contrast > max(_LARGE, _LARGE_BEYOND * typical)
    too_strong = peaks.heights > (_STRONGEST if typical == 0 else min(_STRONGEST, _BEYOND * typical))
    strong[peaks.rows[too_strong], peaks.columns[too_strong]] = True
    size = max(3, round(_ROUGH_OVER * diameter))
    rough = np.sqrt(uniform_filter(np.square(peaks.left), size, mode="nearest"))
    blocked: NDArray[np.bool_] = rough > _ROUGH * np.median(rough)
    if strong.any():
        blocked |= distance_transform_edt(~strong) <= _AROUND * diameter
    return blocked


def _confidence(
    compared: ContrastMap,
    left: NDArray[np.float32],
    blocked: NDArray[np.bool_],
    diameter: float,
    limit: float,
    count: int,
) -> float | None:
    """Compare with as many bright peaks of what is left: noise has as many of them as dark ones."""
    if count == 0:
        return None
    against = _peaks(-left, compared, diameter, limit / compared.sigma)
    false = int(np.count_nonzero(~blocked[against.rows, against.columns])) + _CHANCE
    return float(max(0.0, 1 - false / count))


def _tops(height: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Return the tops of parabolas through each peak and its neighbours."""
    middle = height[rows, columns].astype(np.float64)
    found = []
    for before, after in (
        (height[rows - 1, columns], height[rows + 1, columns]),
        (height[rows, columns - 1], height[rows, columns + 1]),
    ):
        bend = 2 * middle - before - after
        found.append(np.clip(np.where(bend > 0, 0.5 * (after - before) / np.where(bend > 0, bend, 1), 0), -0.5, 0.5))
    return rows + found[0], columns + found[1]
