"""The corrected micrograph: all frames moved onto the first, summed with and without dose weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.dose import critical_dose, weight
from cloudlet.cryoem.numerics.fourier import radial_frequency, shift_phases

__all__ = ["Sums", "aligned_sums"]


@dataclass(frozen=True)
class Sums:
    """Two sums of the same frames, each of shape (rows, columns)."""

    weighted: NDArray[np.float32]
    """``sum q_k F_k / sqrt(sum q_k^2)`` in Fourier space: each frequency holds what signal is left, its noise as
    that of one frame (Grant & Grigorieff 2015, equation 9)."""
    unweighted: NDArray[np.float32]
    """The plain sum: this is what the CTF is fitted on, for high frequencies are in it with full contrast."""


def aligned_sums(
    frames: Iterable[NDArray[np.float32]],
    motion: NDArray[np.float64],
    doses: NDArray[np.float64],
    pixel_size_angstrom: float,
    voltage_kv: float,
) -> Sums:
    """Sum frames after moving each back by its motion; edges wrap around.

    Parameters
    ----------
    frames
        Corrected frames in order of exposure, each (rows, columns); taken one at a time.
    motion
        Where the specimen had moved to in each frame, (y, x) in pixels, shape (frames, 2).
    doses
        Electrons per square angstrom of each frame, shape (frames,).
    pixel_size_angstrom
        Of the frames.
    voltage_kv
        Of the electrons.
    """
    total = _Accumulator(pixel_size_angstrom, voltage_kv)
    for frame, shift, accumulated in zip(frames, motion, np.cumsum(doses), strict=True):
        total.add(frame, -shift, float(accumulated))
    return total.result()


class _Accumulator:
    """Fourier sums that grow by one frame at a time, so that memory does not grow with their number."""

    def __init__(self, pixel_size_angstrom: float, voltage_kv: float) -> None:
        self._pixel_size_angstrom = pixel_size_angstrom
        self._voltage_kv = voltage_kv
        self._shape: tuple[int, int] | None = None

    def add(self, frame: NDArray[np.float32], shift: NDArray[np.float64], accumulated_dose: float) -> None:
        if self._shape is None:
            self._start((frame.shape[0], frame.shape[1]))
        rows, columns = shift_phases((frame.shape[0], frame.shape[1]), shift)
        transform = scipy.fft.rfft2(frame)
        transform *= rows
        transform *= columns
        self._plain += transform
        share = weight(self._critical, accumulated_dose)
        transform *= share
        self._weighted += transform
        share *= share
        self._squares += share

    def result(self) -> Sums:
        normalised = self._weighted / np.sqrt(self._squares)
        return Sums(
            weighted=scipy.fft.irfft2(normalised, s=self._shape),
            unweighted=scipy.fft.irfft2(self._plain, s=self._shape),
        )

    def _start(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        frequency = radial_frequency(shape, self._pixel_size_angstrom)
        self._critical = critical_dose(frequency, self._voltage_kv)
        self._plain = np.zeros(frequency.shape, np.complex64)
        self._weighted = np.zeros(frequency.shape, np.complex64)
        self._squares = np.zeros(frequency.shape, np.float32)
