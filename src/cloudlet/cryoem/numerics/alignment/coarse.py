"""The coarse search: where each frame roughly lies, by correlation with the sum of all others.

Frames are compared at low frequencies alone. Correlation maps of neighbouring frames are averaged, more so at the
first pass, when the sum is still blurred; each is measured in standard deviations of its own noise, and half the
square of that, the logarithm of a likelihood ratio for a peak of unknown height, less what chance gives to the
highest of many, is what the most probable path is found on.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.alignment.viterbi import best_path
from cloudlet.cryoem.numerics.device import LowFrequencies

__all__ = ["coarse_path"]

Floats = NDArray[np.float64]

RESOLUTION_ANGSTROM = 24.0
"""Finer than this nothing is compared here."""
REACH_ANGSTROM = 90.0
"""No frame is further from the mean of the others."""

_B_FACTOR, _HIGH_PASS = 300.0, 180.0
"""Square angstrom: the weight is exp(-B f^2 / 2); and angstrom: coarser is illumination and thickness."""
_PASSES = 3
_FIRST_SMOOTHING, _SMOOTHING = 3.75, 1.5
"""e/A^2 over which maps are averaged."""
_STEP, _CAP = 4.0, 12.0
"""Angstrom over 1 e/A^2, and the largest cost of a jump."""
_CHANCE, _LARGEST_SCORE = 4.5, 200.0
"""What three standard deviations score; and where a peak is certain anyway."""


def coarse_path(low: LowFrequencies, pixel_size_angstrom: float, doses: Floats, used: NDArray[np.bool_]) -> Floats:
    """Return where each frame lies, within some angstrom.

    Parameters
    ----------
    low
        Transforms up to `RESOLUTION_ANGSTROM`.
    pixel_size_angstrom
        Of the binned pixels.
    doses
        Accumulated up to the middle of each frame, shape (frames,).
    used
        Whether a frame has anything in it, shape (frames,).

    Returns
    -------
    numpy.ndarray
        Displacements in binned pixels, their mean 0, shape (frames, 2).
    """
    correlation = _Correlation(low, pixel_size_angstrom, doses, used)
    path = np.zeros((len(doses), 2))
    for number in range(_PASSES):
        # each frame is compared with the others, which move too: of two, each goes half the way
        path += (1 - 1 / len(path)) * correlation.steps(path, _SMOOTHING if number else _FIRST_SMOOTHING)
        path -= path.mean(axis=0)
    return path


class _Correlation:
    """The correlation maps of all frames about a path."""

    def __init__(self, low: LowFrequencies, pixel_size_angstrom: float, doses: Floats, used: NDArray[np.bool_]) -> None:
        self._low, self._doses, self._used = low, doses, used
        self._weight = _weight(low, pixel_size_angstrom)
        shape = (len(low.rows), 2 * len(low.columns) - 1)
        self._shape = tuple(scipy.fft.next_fast_len(size, True) for size in shape)
        # the transforms are those of images whose sides are 1 / (the step in frequency) binned pixels
        self._grid = np.array([1 / low.rows[1] / self._shape[0], 1 / low.columns[1] / self._shape[1]])
        reach = np.ceil(REACH_ANGSTROM / (self._grid * pixel_size_angstrom)).astype(int)
        self._reach = np.minimum(reach, np.array(self._shape) // 2 - 1)
        step = _STEP * np.sqrt(max(1.0, float(np.median(np.diff(doses)))))
        self._width = step / (self._grid * pixel_size_angstrom)

    def steps(self, path: Floats, smoothing_dose: float) -> Floats:
        """Return how far each frame still is from `path`, in binned pixels, shape (frames, 2)."""
        shares = self._shares(smoothing_dose)
        maps = np.tensordot(shares.astype(np.float32), self._maps(path), axes=1)
        maps -= np.median(maps, axis=(1, 2), keepdims=True)
        maps /= 1.4826 * np.median(np.abs(maps), axis=(1, 2), keepdims=True) + 1e-30
        scores = np.clip(0.5 * np.square(np.maximum(maps, 0)) - _CHANCE, 0, _LARGEST_SCORE)
        scores *= np.square(shares).sum(axis=1)[:, None, None]  # neighbours say the same once more
        scores[~self._used] = 0
        places = best_path(scores.astype(np.float32), (self._width[0], self._width[1]), _CAP)
        steps: Floats = (places - self._reach + _vertices(maps, places)) * self._grid
        return steps

    def _maps(self, path: Floats) -> NDArray[np.float32]:
        low = self._low
        rows = np.exp(2j * np.pi * path[:, :1] * low.rows).astype(np.complex64)
        columns = np.exp(2j * np.pi * path[:, 1:] * low.columns).astype(np.complex64)
        moved = low.transforms * rows[:, :, None] * columns[:, None, :]
        products = np.conj(moved.sum(axis=0) - moved) * moved * self._weight
        upper = len(low.rows) // 2 + 1
        whole = np.zeros((len(moved), self._shape[0], self._shape[1] // 2 + 1), np.complex64)
        whole[:, :upper, : len(low.columns)] = products[:, :upper]
        whole[:, whole.shape[1] - len(low.rows) + upper :, : len(low.columns)] = products[:, upper:]
        rows_near, columns_near = (np.arange(-reach, reach + 1) for reach in self._reach)
        maps: NDArray[np.float32] = scipy.fft.irfft2(whole, s=self._shape)[:, rows_near][:, :, columns_near]
        return maps

    def _shares(self, smoothing_dose: float) -> Floats:
        """Return what each frame's map has in the average about each frame, shape (frames, frames)."""
        apart = self._doses[:, None] - self._doses[None, :]
        share = np.exp(-0.5 * np.square(apart / smoothing_dose)) * self._used
        shares: Floats = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-30)
        return shares


def _weight(low: LowFrequencies, pixel_size_angstrom: float) -> NDArray[np.float32]:
    """Return what whitens the frames, damped at both ends."""
    frequency = np.hypot(low.rows[:, None], low.columns[None, :]) / pixel_size_angstrom
    ring = np.minimum(frequency * RESOLUTION_ANGSTROM * 30, 29).astype(int)
    power = np.mean(low.transforms.real**2 + low.transforms.imag**2, axis=0)
    by_ring = np.bincount(ring.ravel(), power.ravel(), 30) / np.maximum(np.bincount(ring.ravel(), minlength=30), 1)
    damping = np.exp(-0.5 * _B_FACTOR * frequency**2) * (1 - np.exp(-0.5 * (frequency * _HIGH_PASS) ** 2))
    weight: NDArray[np.float32] = (damping / np.maximum(by_ring[ring], 1e-30)).astype(np.float32)
    return weight * (frequency * RESOLUTION_ANGSTROM <= 1)


def _vertices(maps: NDArray[np.float32], places: NDArray[np.intp]) -> Floats:
    """Return how far the top of a parabola through each place and its neighbours lies from it, at most half a step."""
    frames, rows, columns = maps.shape
    number, row, column = np.arange(frames), places[:, 0], places[:, 1]
    before = maps[number, np.maximum(row - 1, 0), column], maps[number, row, np.maximum(column - 1, 0)]
    after = maps[number, np.minimum(row + 1, rows - 1), column], maps[number, row, np.minimum(column + 1, columns - 1)]
    bend = 2 * maps[number, row, column] - np.stack(before) - np.stack(after)
    slope = 0.5 * (np.stack(after) - np.stack(before))
    return np.clip(np.where(bend > 0, slope / np.where(bend > 0, bend, 1), 0), -0.5, 0.5).T.astype(np.float64)
