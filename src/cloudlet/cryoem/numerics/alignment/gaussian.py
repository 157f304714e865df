"""Gaussian processes whose information and prior are products of a part in place and a part in time.

A displacement along one axis is ``u = B z C'``, shape (places, frames), with z white: B and C are square roots of the
prior's covariances in place and in time. The data tell ``-1/2 (u - u0)' (S x T) (u - u0) + g'(u - u0)``, with S the
information of the places and T that of the frames. In the eigenvectors of ``B'SB`` and ``C'TC`` everything is a
number for each pair: precision ``1 + s t``, solution ``q / (1 + s t)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Posterior", "Prior", "posterior_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """Square roots of the covariances, in squared pixels together."""

    places: Floats
    """Shape (places, n)."""
    frames: Floats
    """Shape (frames, m)."""


@dataclass(frozen=True)
class Posterior:
    """What is known of the displacements along one axis."""

    mean: Floats
    """Shape (places, frames)."""
    evidence: float
    """Logarithm of the probability of what was seen, up to a constant that is the same for all priors."""
    places: Floats
    """Prior's square root turned into eigenvectors, shape (places, n)."""
    frames: Floats
    """The same of the frames, shape (frames, m)."""
    variances: Floats
    """Of the white coefficients, shape (n, m)."""

    def variance(self, places: Floats, frames: Floats) -> Floats:
        """Return the variance at other places and combinations of frames.

        Parameters
        ----------
        places
            Rows that stand for places, as `places`, shape (p, n).
        frames
            Rows as `frames`, shape (k, m); differences of rows give the variance of differences.

        Returns
        -------
        numpy.ndarray
            In squared pixels, shape (p, k).
        """
        variance: Floats = np.square(places) @ self.variances @ np.square(frames).T
        return variance


def posterior_of(data_pull: Floats, places: Floats, frames: Floats, prior: Prior) -> Posterior:
    """Join what the data tell with a prior.

    Parameters
    ----------
    data_pull
        ``S u0 T + g``, the pull of the data on displacement zero, shape (places, frames).
    places
        Information S of each place, shape (places,).
    frames
        Information T, shape (frames, frames), not negative.
    prior
        Of the same places and frames.
    """
    s, turn_places = np.linalg.eigh(prior.places.T @ (places[:, None] * prior.places))
    t, turn_frames = np.linalg.eigh(prior.frames.T @ frames @ prior.frames)
    basis_places, basis_frames = prior.places @ turn_places, prior.frames @ turn_frames
    precision = 1 + np.maximum(s, 0)[:, None] * np.maximum(t, 0)[None, :]
    pull = basis_places.T @ data_pull @ basis_frames
    white = pull / precision
    return Posterior(
        mean=basis_places @ white @ basis_frames.T,
        evidence=float(0.5 * np.sum(pull * white) - 0.5 * np.log(precision).sum()),
        places=basis_places,
        frames=basis_frames,
        variances=1 / precision,
    )
