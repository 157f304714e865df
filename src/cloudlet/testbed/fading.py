"""Radiation damage: how the particles' signal fades from frame to frame, the finest detail first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.models import Dials
from cloudlet.testbed.scattering import critical_dose

__all__ = ["Fading", "fading", "remaining"]

Floats = NDArray[np.float64]

TOLERANCE = 0.01
"""Largest error of the separated fading, relative to the undamaged signal, in root mean square over frames and k."""

SAMPLING = 16
"""The products are found on every 16th k: fading is smooth, and a large decomposition costs more than a frame."""


@dataclass(frozen=True)
class Fading:
    """Fading as a sum of few products, so that few images serve all frames."""

    weights: Floats
    """Shape (frames, rank)."""

    radial: Floats
    """Shape (rank, entries of k)."""


def remaining(k: Floats, dials: Dials, voltage_kv: float) -> Floats:
    """Return what is left of the amplitude at k in the middle of each frame, shape (frames, entries of k).

    exp(-N / 2 Nc), N the dose so far and Nc the critical dose (Grant & Grigorieff, doi:10.7554/eLife.06980).
    """
    dose = (np.arange(dials.frames) + 0.5) * dials.dose_per_frame
    return np.asarray(np.exp(-dose[:, None] / (2 * critical_dose(k, voltage_kv))))


def fading(k: Floats, dials: Dials, voltage_kv: float) -> Fading:
    """Return the shortest sum of products that gives `remaining` within `TOLERANCE`."""
    exact = remaining(k, dials, voltage_kv)
    sample = exact[:, ::SAMPLING]
    weights, strengths, _ = np.linalg.svd(sample, full_matrices=False)
    unexplained = np.sqrt(np.append(np.cumsum(strengths[::-1] ** 2)[::-1], 0.0) / sample.size)
    rank = max(1, int(np.argmax(unexplained <= TOLERANCE)))
    return Fading(weights[:, :rank], np.einsum("fr,fk->rk", weights[:, :rank], exact))
