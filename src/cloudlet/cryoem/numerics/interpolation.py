"""The kernel that moves an image by a fraction of a pixel, and what it does to high frequencies.

A sinc under a Kaiser window (Kaiser & Schafer 1980, https://doi.org/10.1109/TASSP.1980.1163349) of eight taps. Its mean
transfer over all fractions is known and divided out in the last Fourier step.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["PHASES", "TAPS", "deblurring", "kernel", "transfer"]

TAPS = 8
PHASES = 512
"""Fractions that are told apart: the position is off by at most a thousandth of a pixel."""

_BETA = 5.0
"""Of the Kaiser window: less blurs high frequencies, more lets through what belongs beyond Nyquist."""


def kernel() -> NDArray[np.float32]:
    """Return the taps for every fraction: row p is for ``p / PHASES``, shape (PHASES + 1, TAPS), each of sum 1.

    Tap t of a fraction d multiplies the pixel at ``t - (TAPS / 2 - 1)``, to give the value at d.
    """
    fraction = np.arange(PHASES + 1)[:, None] / PHASES
    distance = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - fraction
    inside = np.sqrt(np.maximum(0, 1 - np.square(distance / (TAPS / 2))))
    taps = np.sinc(distance) * np.i0(_BETA * inside) / np.i0(_BETA)
    normalised: NDArray[np.float32] = (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def transfer(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is left, in the mean over all fractions, of amplitudes at a frequency in cycles per pixel.

    It is the real part of the kernel's transform, referred to where the value belongs; 1 at frequency 0.
    """
    taps = kernel()[:-1].astype(np.float64)
    fraction = np.arange(PHASES)[:, None] / PHASES
    distance = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - fraction
    phase = 2 * np.pi * np.abs(frequency)[:, None] * distance.ravel()[None, :]
    mean: NDArray[np.float64] = np.cos(phase) @ taps.ravel() / PHASES
    return mean


@lru_cache(maxsize=8)
def deblurring(size: int) -> NDArray[np.float32]:
    """Return one over `transfer` at the frequencies of ``fft`` of so many pixels; it cannot be written to."""
    half = transfer(np.arange(size // 2 + 1) / size)
    both = (1 / np.concatenate([half, half[1 : size - size // 2][::-1]])).astype(np.float32)
    both.flags.writeable = False
    return both
