"""How the whole field moved from frame to frame while it was exposed.

Every frame is correlated with the sum of all others, so that it never matches its own noise; correlations of
neighbouring frames are averaged, for a specimen does not jump to and fro; the peak is refined until the path stands
still. High frequencies, where a frame holds noise only, are damped by a B factor. The first look is a whole
correlation image within a bound; later ones are a small patch about the present estimate, by two matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.fourier import radial_frequency, shift_phases, taper

__all__ = ["MotionSearch", "binning_for", "estimate_motion", "path_length"]

NYQUIST_LIMIT_ANGSTROM = 7.0
"""Motion is estimated on binned frames that still hold this resolution: a frame has nothing finer to align on."""


@dataclass(frozen=True)
class MotionSearch:
    """What the search goes by; lengths in angstrom, so that it does not depend on the pixel size."""

    b_factor_square_angstrom: float = 300.0
    """The weight is ``exp(-B f^2 / 2)``: 0.05 at 7 angstrom."""
    high_pass_angstrom: float = 180.0
    """Coarser than this is illumination and thickness, not specimen."""
    reach_angstrom: float = 84.0
    """No frame is further from the mean of the others than this."""
    first_smoothing_dose: float = 3.75
    """Electrons per square angstrom over which correlations are averaged at the first look, lest a frame locks on
    a far peak of its noise."""
    smoothing_dose: float = 1.5
    """The same later: less would let the path follow noise, more would shorten its ends where it is steep."""
    refinements: int = 4


def binning_for(pixel_size_angstrom: float) -> int:
    """Return the largest factor at which binned frames still hold `NYQUIST_LIMIT_ANGSTROM`; at least 1."""
    return max(1, int(NYQUIST_LIMIT_ANGSTROM / (2 * pixel_size_angstrom)))


def estimate_motion(
    frames: list[NDArray[np.float32]],
    pixel_size_angstrom: float,
    dose_per_frame: float,
    search: MotionSearch | None = None,
) -> NDArray[np.float64]:
    """Estimate the path of the whole field over the frames.

    Parameters
    ----------
    frames
        Corrected frames, binned by whatever factor, each (rows, columns).
    pixel_size_angstrom
        Of these frames.
    dose_per_frame
        In electrons per square angstrom; it says how many frames are averaged in time.
    search
        None for the defaults.

    Returns
    -------
    numpy.ndarray
        Where the specimen is in each frame relative to the first, (y, x) in pixels of `frames`, shape (frames, 2).
    """
    search = search or MotionSearch()
    correlator = _Correlator(frames, pixel_size_angstrom, search)
    motion = _peaks(_averaged_in_time(correlator.wide(), search.first_smoothing_dose / dose_per_frame))
    for _ in range(search.refinements):
        motion -= motion.mean(axis=0)
        motion += _peaks(_averaged_in_time(correlator.near(motion), search.smoothing_dose / dose_per_frame))
    relative: NDArray[np.float64] = motion - motion[0]
    return relative


def path_length(motion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length of the path up to each frame, 0 at the first, in the unit of `motion`; shape (frames,)."""
    steps = np.hypot(*np.diff(motion, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


class _Correlator:
    """The frames' transforms, and the correlation of each with the sum of the others."""

    _NEAR = 8
    """Reach of the later looks in pixels."""

    def __init__(self, frames: list[NDArray[np.float32]], pixel_size_angstrom: float, search: MotionSearch) -> None:
        self._shape = (frames[0].shape[0], frames[0].shape[1])
        window = taper(self._shape)
        self._transforms = [scipy.fft.rfft2((frame - frame.mean()) * window) for frame in frames]
        frequency = radial_frequency(self._shape, pixel_size_angstrom)
        damping = np.exp(-0.5 * search.b_factor_square_angstrom * frequency**2)
        self._weight = damping * (1 - np.exp(-0.5 * (frequency * search.high_pass_angstrom) ** 2))
        limit = min(self._shape) // 2 - 2
        self._wide = min(limit, int(np.ceil(search.reach_angstrom / pixel_size_angstrom)))
        self._near_rows, self._near_columns = _patch_factors(self._shape, self._NEAR)

    def wide(self) -> NDArray[np.float32]:
        """Return the central part of whole correlation images of frames as they are, shape (frames, side, side)."""
        motion = np.zeros((len(self._transforms), 2))
        offsets = np.arange(-self._wide, self._wide + 1)
        centre = np.ix_(offsets, offsets)
        return np.stack([scipy.fft.irfft2(c, s=self._shape)[centre] for c in self._products(motion)])

    def near(self, motion: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the same for frames moved back, a few pixels about the middle, without a whole inverse transform."""
        patches = [(self._near_rows @ c @ self._near_columns).real for c in self._products(motion)]
        return np.stack(patches).astype(np.float32)

    def _products(self, motion: NDArray[np.float64]) -> list[NDArray[np.complex64]]:
        aligned = [self._moved(t, -shift) for t, shift in zip(self._transforms, motion, strict=True)]
        total = np.sum(aligned, axis=0)
        return [np.conj(total - own) * own * self._weight for own in aligned]

    def _moved(self, transform: NDArray[np.complex64], shift: NDArray[np.float64]) -> NDArray[np.complex64]:
        rows, columns = shift_phases(self._shape, shift)
        return transform * rows * columns


def _patch_factors(shape: tuple[int, int], reach: int) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Return matrices that turn a half-plane transform into the pixels -reach...reach of its inverse."""
    offsets = np.arange(-reach, reach + 1)
    rows = np.exp(2j * np.pi * offsets[:, None] * np.fft.fftfreq(shape[0])[None, :])
    columns = np.exp(2j * np.pi * np.fft.rfftfreq(shape[1])[:, None] * offsets[None, :])
    columns[1:] *= 2  # the half that is not stored; the Nyquist column, weighted by nearly nothing, may count twice
    return rows.astype(np.complex64), columns.astype(np.complex64)


def _averaged_in_time(maps: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    times = np.arange(len(maps))
    share = np.exp(-0.5 * ((times[:, None] - times[None, :]) / sigma) ** 2)
    share /= share.sum(axis=1, keepdims=True)
    return np.tensordot(share.astype(np.float32), maps, axes=1)


def _peaks(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the highest points of maps (n, size, size) about their middle, (y, x), refined by parabolas."""
    count, size, _ = maps.shape
    inner = maps[:, 1:-1, 1:-1].reshape(count, -1).argmax(axis=1)
    row, column = inner // (size - 2) + 1, inner % (size - 2) + 1
    n = np.arange(count)
    top = maps[n, row, column]
    y = row + _vertex(maps[n, row - 1, column], top, maps[n, row + 1, column])
    x = column + _vertex(maps[n, row, column - 1], top, maps[n, row, column + 1])
    middle = size // 2
    return np.stack([y - middle, x - middle], axis=1).astype(np.float64)


def _vertex(before: NDArray[np.float32], top: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return where a parabola through three neighbours has its top, in pixels from the middle one."""
    bend = 2 * top - before - after
    step = np.where(bend > 0, 0.5 * (after - before) / np.where(bend > 0, bend, 1), 0)
    vertex: NDArray[np.float32] = np.clip(step, -1, 1)
    return vertex
