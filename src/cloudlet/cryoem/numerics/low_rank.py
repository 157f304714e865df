"""Exposure weighting by few sums instead of one transform a frame.

The weights ``w_k(f) = q_k(f) / sqrt(sum_j q_j(f)^2)`` (Grant & Grigorieff 2015, equation 9) of all frames change
smoothly with frequency, so that ``w_k(f) = sum_r a_r(k) b_r(f)`` holds with few terms. Frames are summed in real
space with the shares a_r, and each sum is filtered by b_r. The first share is 1 for every frame: the plain sum comes
for free.

For frames whose noise is white and independent, as counting leaves it, the error of the result relative to its
standard deviation is the root of ``sum_k (w_k - w'_k)^2`` in the mean over all frequencies, because ``sum_k w_k^2 =
1``. That expectation is known beforehand, and decides on the number of terms; it is no bound, the error of a
single image may as well lie above it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.device import RadialTable
from cloudlet.cryoem.numerics.dose import critical_dose

__all__ = ["LARGEST_ERROR", "ExposureWeights", "exact_weights", "exposure_weights"]

LARGEST_ERROR = 4e-4
"""Expected, relative to the image's standard deviation; counting noise itself changes the image by its whole size."""

_ENTRIES = 2048


@dataclass(frozen=True)
class ExposureWeights:
    """Shares and filters."""

    shares: NDArray[np.float32]
    """What each frame counts in each sum, shape (sums, frames); row 0 is the plain sum of the frames that are used."""
    filters: RadialTable
    """What each sum is filtered with, in cycles per pixel."""
    expected_error: float
    """Root mean square of the result's error relative to its standard deviation, as it is to be expected for white
    noise over the whole image; no bound: that of one image is a little more or less."""


def exposure_weights(
    doses: NDArray[np.float64],
    used: NDArray[np.bool_],
    pixel_size_angstrom: float,
    voltage_kv: float,
    *,
    pre_exposure: float = 0.0,
    largest_error: float = LARGEST_ERROR,
) -> ExposureWeights:
    """Find the fewest sums that weight frames by exposure within an error.

    Parameters
    ----------
    doses
        Electrons per square angstrom of each frame, shape (frames,).
    used
        Whether a frame is in the sum, shape (frames,); one that is not has dosed the specimen all the same.
    pixel_size_angstrom
        Of the frames.
    voltage_kv
        Of the electrons.
    pre_exposure
        Electrons per square angstrom before the first frame.
    largest_error
        What the expected error must not exceed.
    """
    step = np.sqrt(0.5) / (_ENTRIES - 2)
    frequency = np.arange(_ENTRIES) * step / pixel_size_angstrom
    accumulated = pre_exposure + np.cumsum(doses)
    weights = exact_weights(frequency, accumulated, used, voltage_kv)
    area = _areas(np.arange(_ENTRIES) * step)
    plain = used.astype(np.float64)
    mean = weights.sum(axis=0) / plain.sum()
    rest = weights - plain[:, None] * mean
    left, sizes, _ = np.linalg.svd(rest * np.sqrt(area), full_matrices=False)
    errors = np.sqrt(np.append(np.cumsum(np.square(sizes)[::-1])[::-1], 0.0))
    rank = int(np.argmax(errors <= largest_error))
    shares = np.concatenate([plain[None], (left[:, :rank] * sizes[:rank]).T])
    filters = np.concatenate([mean[None], _filters(left[:, :rank], sizes[:rank], rest)])
    return ExposureWeights(
        np.ascontiguousarray(shares, np.float32),
        RadialTable(np.ascontiguousarray(filters, np.float32), float(step)),
        float(errors[rank]),
    )


def exact_weights(
    frequency: NDArray[np.float64], accumulated: NDArray[np.float64], used: NDArray[np.bool_], voltage_kv: float
) -> NDArray[np.float64]:
    """Return the weight of each frame at frequencies in 1/angstrom, shape (frames, frequencies).

    At frequency 0 every frame counts alike: the mean of the result is the sum of the frames' means over the root of
    their number, as RELION has it.
    """
    critical = critical_dose(np.maximum(frequency, 1e-9).astype(np.float32), voltage_kv).astype(np.float64)
    left = np.exp(-0.5 * accumulated[:, None] / critical) * used[:, None]
    left[:, frequency == 0] = used[:, None]
    weights: NDArray[np.float64] = left / np.sqrt(np.square(left).sum(axis=0))
    return weights


def _filters(left: NDArray[np.float64], sizes: NDArray[np.float64], rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least-squares filters for the shares, at every frequency, also where no area lies."""
    filters: NDArray[np.float64] = (left.T @ rest) / sizes[:, None]
    return filters


def _areas(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the square of all frequencies that lies in a ring about each radius (cycles per pixel).

    A circle of radius r within a square of half side 1/2 keeps of its length ``1 - (4/pi) acos(1/(2 r))`` beyond 1/2.
    """
    beyond = np.arccos(np.minimum(1.0, 0.5 / np.maximum(radius, 0.5)))
    area = radius * np.maximum(0.0, 1 - 4 / np.pi * beyond)
    shares: NDArray[np.float64] = area / area.sum()
    return shares
