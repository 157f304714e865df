"""RELION's model of local motion, fitted to ours so that RELION can start from it.

Each axis has 18 coefficients: 1, x, x^2, y, y^2 and xy, each times z, z^2 and z^3, with x and y from -1/2 to 1/2 over
the field and z the number of the frame from 0, so that the first frame does not move. It is a description of the
whole motion less the path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.alignment.field import MotionField

__all__ = ["PolynomialMotion", "fit_polynomial", "polynomial_terms"]

Floats = NDArray[np.float64]

_SIDE = 15
"""Places along each side that the fit is made on."""


@dataclass(frozen=True)
class PolynomialMotion:
    """A fit."""

    coefficients: Floats
    """Of displacements along y and x in pixels, shape (2, 18); the power of z changes fastest."""
    residual: float
    """Root mean square of what the model leaves, per axis, in pixels."""

    def at(self, frames: int, x: Floats, y: Floats) -> Floats:
        """Return displacements about the path, shape (frames, n, 2), at x and y in -1/2...1/2."""
        terms = polynomial_terms(np.arange(frames, dtype=float), x, y)
        return np.stack([terms @ axis for axis in self.coefficients], axis=-1)


def polynomial_terms(z: Floats, x: Floats, y: Floats) -> Floats:
    """Return the 18 terms for frames z, shape (frames,), and places x and y, shape (n,): shape (frames, n, 18)."""
    places = np.stack([np.ones_like(x), x, x**2, y, y**2, x * y], axis=-1)
    times = np.stack([z, z**2, z**3], axis=-1)
    terms = places[None, :, :, None] * times[:, None, None, :]
    return terms.reshape(len(z), len(x), 18)


def fit_polynomial(field: MotionField) -> PolynomialMotion | None:
    """Fit the model to the field about the path, None where there is none."""
    if field.local is None:
        return None
    along = (np.arange(_SIDE) + 0.5) / _SIDE - 0.5
    y, x = (part.ravel() for part in np.meshgrid(along, along, indexing="ij"))
    moved = field.at((y + 0.5) * field.shape[0], (x + 0.5) * field.shape[1]) - field.path[:, None, :]
    z = np.arange(len(moved), dtype=float)
    terms = polynomial_terms(z, x, y).reshape(-1, 18)
    scale = np.abs(terms).max(axis=0) + 1e-300  # z^3 reaches 60,000: solved in units of each term
    solution = np.linalg.lstsq(terms / scale, moved.reshape(-1, 2), rcond=None)[0]
    left = terms / scale @ solution - moved.reshape(-1, 2)
    return PolynomialMotion((solution / scale[:, None]).T, float(np.sqrt(np.square(left).mean())))
