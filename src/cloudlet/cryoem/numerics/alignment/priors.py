"""What is thought of motion before anything is seen, in angstrom and electrons per square angstrom.

In time: steps from frame to frame are independent, of a standard deviation that is large while the specimen is fresh
and falls to a steady value; the whole field also has a velocity that changes smoothly. In place: displacements that lie
within a correlation length are alike (Matern covariance of order 5/2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FieldWidths", "PathWidths", "field_frames", "field_widths", "matern", "path_frames", "path_widths"]

Floats = NDArray[np.float64]

SETTLING_DOSE = 4.0
"""e/A^2 over which the motion at the beginning dies down."""


@dataclass(frozen=True)
class PathWidths:
    """Of the whole field's path."""

    jitter: float
    """Standard deviation of independent steps, A per e/A^2."""
    change: float
    """Of the velocity, A per e/A^2, over 1 e/A^2."""
    velocity: float
    """At the beginning, A per e/A^2."""


@dataclass(frozen=True)
class FieldWidths:
    """Of the field about the path."""

    length: float
    """Over which places move alike, in angstrom."""
    steady: float
    """Standard deviation of steps, A per e/A^2."""
    early: float
    """What the beginning adds to it."""


def path_widths() -> Iterator[PathWidths]:
    """Yield the candidates for a whole field."""
    for jitter in (0.02, 0.06, 0.2, 0.6):
        for change in (0.03, 0.1, 0.3, 1.0):
            yield PathWidths(jitter, change, 3.0)


def field_widths(size_angstrom: float) -> Iterator[FieldWidths]:
    """Yield the candidates for the field of a square of this size."""
    for part in (0.25, 0.5, 1.0):
        for steady, early in (
            (0.005, 0.05),
            (0.01, 0.1),
            (0.02, 0.2),
            (0.04, 0.4),
            (0.08, 0.8),
            (0.16, 1.6),
            (0.02, 0.6),
        ):
            yield FieldWidths(part * size_angstrom, steady, early)


def path_frames(doses: Floats, widths: PathWidths, pixel_size_angstrom: float) -> Floats:
    """Return the square root of the covariance in time of the whole field's path, in pixels; frame 0 does not move.

    Parameters
    ----------
    doses
        Accumulated up to the middle of each frame, shape (frames,), rising.
    widths
        Of the prior.
    pixel_size_angstrom
        Of the pixels that displacements are counted in.

    Returns
    -------
    numpy.ndarray
        Shape (frames, n).
    """
    steps = np.diff(doses)
    fresh = np.exp(-_between(doses) / SETTLING_DOSE)
    first = widths.velocity * np.stack([fresh, np.full(len(steps), 0.3)], axis=1)
    changes = np.tril(np.ones((len(steps), len(steps)))) * widths.change * (np.sqrt(steps) * (0.3 + fresh))
    path = np.concatenate([np.diag(np.full(len(steps), widths.jitter)), first, changes], axis=1)
    root = _summed(steps[:, None] * path)
    return _compact(root) / pixel_size_angstrom


def field_frames(doses: Floats, widths: FieldWidths, pixel_size_angstrom: float) -> Floats:
    """Return the same for the field: steps that are independent in time, shape (frames, frames - 1)."""
    width = widths.steady + widths.early * np.exp(-_between(doses) / SETTLING_DOSE)
    return _summed(np.diag(width * np.diff(doses))) / pixel_size_angstrom


def matern(distance: Floats, length: float) -> Floats:
    """Return the Matern covariance of order 5/2, 1 at distance 0 (Rasmussen & Williams 2006, equation 4.17)."""
    scaled = np.sqrt(5) * distance / length
    covariance: Floats = (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
    return covariance


def _between(doses: Floats) -> Floats:
    middle: Floats = (doses[1:] + doses[:-1]) / 2
    return middle


def _summed(steps: Floats) -> Floats:
    return np.concatenate([np.zeros((1, steps.shape[1])), np.cumsum(steps, axis=0)])


def _compact(root: Floats) -> Floats:
    """Return a square root of the same covariance with no more columns than rows."""
    values, vectors = np.linalg.eigh(root @ root.T)
    kept = values > 1e-12 * values[-1]
    compact: Floats = vectors[:, kept] * np.sqrt(values[kept])
    return compact
