"""How much of the frames' transforms is specimen and how much is noise, and what that says of displacements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.dose import critical_dose
from cloudlet.cryoem.numerics.rings import Rings

__all__ = ["Information", "Signal", "amplitudes_left", "information_of", "signal_of"]

Floats = NDArray[np.float64]

SOFTENING = 0.5
"""Of the critical dose curve's exponent: ice and support film scatter too, and do not fade as the specimen does."""

_SIGNIFICANT = 1.4
"""Of the error of one ring; three standard deviations of the mean over neighbouring ones."""

_QUIETEST = 0.3
"""Of the median over rings: counting noise is nearly white, and a ring of few coefficients may seem to have none."""

_SMOOTHING = np.array([1, 2, 3, 2, 1]) / 9
"""Over neighbouring rings."""


@dataclass(frozen=True)
class Signal:
    """Power by ring, over all windows."""

    power: Floats
    """P, never negative, 0 where there is no sign of a signal; shape (rings,)."""
    noise: Floats
    """N, always positive, shape (rings,)."""
    gain: Floats
    """c of the likelihood, shape (rings,)."""
    excess: Floats
    """How much stronger the sum is than noise would make it, by window, shape (windows, rings)."""


@dataclass(frozen=True)
class Information:
    """What the frames tell of displacements."""

    frames: Floats
    """For each axis, of a window of average information, per squared pixel; shape (2, frames, frames)."""
    windows: Floats
    """Of each window, 1 for the average one; shape (windows,)."""


def amplitudes_left(frequency: Floats, doses: Floats, voltage_kv: float) -> NDArray[np.float32]:
    """Return the share of the signal that is left in each frame, shape (frames, frequencies).

    Parameters
    ----------
    frequency
        In 1/angstrom.
    doses
        Accumulated up to the end of each frame, e/A^2.
    voltage_kv
        Of the electrons.
    """
    critical = critical_dose(np.maximum(frequency, 1e-6).astype(np.float32), voltage_kv)
    return np.exp(-0.5 * SOFTENING * doses[:, None] / critical).astype(np.float32)


def signal_of(power_of_sum: Floats, sum_of_powers: Floats, amplitudes: Floats, rings: Rings) -> Signal:
    """Tell specimen from noise.

    The expectations are ``|R|^2: P A^2 + N A`` and ``sum |a y|^2: P sum a^4 + N A``.

    Parameters
    ----------
    power_of_sum, sum_of_powers
        Of `device.Match` and `device.Spectra`, shape (windows, rings).
    amplitudes
        Of each frame in each ring, shape (frames, rings).
    rings
        Over which they were summed.
    """
    squares, fourth = np.square(amplitudes).sum(axis=0), (amplitudes**4).sum(axis=0)
    spread = np.maximum(squares**2 - fourth, 1e-12)
    count = np.maximum(rings.count * len(power_of_sum), 1e-9)
    excess = power_of_sum - sum_of_powers
    power = np.maximum(_smooth(excess.sum(axis=0) / count), 0) / spread
    total = sum_of_powers.sum(axis=0) / count
    noise = _smooth((total - power * fourth) / np.maximum(squares, 1e-12))
    noise = np.maximum(noise, max(_QUIETEST * float(np.median(noise[rings.count > 0])), 1e-30))
    error = noise / np.sqrt(spread * np.maximum(count, 1))  # of `power` where there is none, before smoothing
    power = np.where((power > _SIGNIFICANT * error) & (rings.count > 0), power, 0)
    ratio = power / noise
    return Signal(power, noise, ratio / (noise * (1 + ratio * squares)), excess)


def information_of(signal: Signal, amplitudes: Floats, rings: Rings, limit: float) -> Information:
    """Return the expected curvature of the likelihood, of rings up to the frequency `limit` alone."""
    within = rings.middle <= limit
    squares = np.square(amplitudes)
    total = squares.sum(axis=0)
    frames = np.empty((2, len(squares), len(squares)))
    for axis in (0, 1):
        weight = 2 * (2 * np.pi) ** 2 * signal.gain * signal.power * rings.along[axis] * within
        frames[axis] = np.diag(squares @ (total * weight)) - (squares * weight) @ squares.T
    return Information(frames, _by_window(signal, within))


def _smooth(values: Floats) -> Floats:
    return np.convolve(np.pad(values, 2, mode="edge"), _SMOOTHING, "valid")


def _by_window(signal: Signal, within: NDArray[np.bool_]) -> Floats:
    """Return each window's share, from its own excess; bounded, for a single window's excess is uncertain."""
    weight = signal.gain * signal.power * within
    shares: Floats = signal.excess @ weight
    mean = shares.mean()
    return np.clip(shares / mean, 0.1, 3.0) if mean > 0 else np.ones(len(shares))
