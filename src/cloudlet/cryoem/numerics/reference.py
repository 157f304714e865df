"""The fast loops said plainly: what each kernel must give, in numpy, one line of mathematics after the other.

Nothing here is used to process a movie. Tests compare every kernel with its counterpart.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.device import TILE
from cloudlet.cryoem.numerics.interpolation import PHASES, TAPS, kernel

__all__ = [
    "best_contrast",
    "binned_frames",
    "cleaned_peaks",
    "cut_out",
    "exposure_weighted",
    "gathered",
    "moved_sum",
    "power_slopes",
    "ring_match",
]

Floats = NDArray[np.float64]


def binned_frames(counts: NDArray[np.generic], gain: NDArray[np.float32] | None, factor: int) -> Floats:
    """Sum squares of counts (frames, rows, columns) times the gain; what fills no square is left out."""
    frames = counts.astype(np.float64) * (1.0 if gain is None else gain.astype(np.float64))
    rows, columns = counts.shape[1] // factor, counts.shape[2] // factor
    whole = frames[:, : rows * factor, : columns * factor]
    squares: Floats = whole.reshape(len(counts), rows, factor, columns, factor).sum(axis=(2, 4))
    return squares


def moved_sum(
    transforms: NDArray[np.complex128], rows: Floats, columns: Floats, shifts: Floats
) -> NDArray[np.complex128]:
    """Return ``sum over k of F_k exp(2 pi i f.s_k)`` for transforms (frames, rows, columns), shifts (frames, 2)."""
    turns = shifts[:, 0, None, None] * rows[:, None] + shifts[:, 1, None, None] * columns
    total: NDArray[np.complex128] = (transforms * np.exp(2j * np.pi * turns)).sum(axis=0)
    return total


def power_slopes(
    transforms: NDArray[np.complex128],
    rows: Floats,
    columns: Floats,
    shifts: Floats,
    weight: Floats,
    step: float = 1e-4,
) -> Floats:
    """Return the slope of ``sum of weight |moved sum|^2`` along every shift, by differences; shape (frames, 2)."""

    def power(at: Floats) -> float:
        return float(np.sum(weight * np.abs(moved_sum(transforms, rows, columns, at)) ** 2))

    slopes = np.empty_like(shifts)
    for place in np.ndindex(shifts.shape):
        ahead, behind = shifts.copy(), shifts.copy()
        ahead[place] += step
        behind[place] -= step
        slopes[place] = (power(ahead) - power(behind)) / (2 * step)
    return slopes


def gathered(
    counts: NDArray[np.generic], gain: NDArray[np.float32] | None, displacements: NDArray[np.float32], shares: Floats
) -> Floats:
    """Return the sums (sums, rows, columns) of displaced frames, pixel by pixel; edges go on as they end."""
    _, rows, columns = counts.shape
    frames = counts.astype(np.float64) * (1.0 if gain is None else gain.astype(np.float64))
    y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    taps = kernel().astype(np.float64)
    result = np.zeros((len(shares), rows, columns))
    for frame, moved, share in zip(frames, displacements, shares.T, strict=True):
        by_pixel = moved.astype(np.float64)[y // TILE[0], x // TILE[1]]
        whole = np.floor(by_pixel).astype(int)
        phase = ((by_pixel - whole) * PHASES + 0.5).astype(int)
        image = np.zeros((rows, columns))
        for a in range(TAPS):
            for b in range(TAPS):
                row = np.clip(y + whole[..., 0] + a - (TAPS // 2 - 1), 0, rows - 1)
                column = np.clip(x + whole[..., 1] + b - (TAPS // 2 - 1), 0, columns - 1)
                image += taps[phase[..., 0], a] * taps[phase[..., 1], b] * frame[row, column]
        result += share[:, None, None] * image
    return result


def exposure_weighted(frames: Floats, weights: Floats, radii: Floats) -> Floats:
    """Weight frames (frames, rows, columns), each transform by itself, and sum them.

    Parameters
    ----------
    frames
        Undisplaced.
    weights
        Of each frame at each radius, shape (frames, radii).
    radii
        In cycles per pixel, rising.
    """
    shape = frames.shape[1:]
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :])
    total = sum(
        scipy.fft.rfft2(frame) * np.interp(frequency, radii, weight)
        for frame, weight in zip(frames, weights, strict=True)
    )
    image: Floats = scipy.fft.irfft2(total, s=shape)
    return image


def ring_match(
    rings: Floats, weight: Floats, k2: Floats, angle: Floats, optics: Optics, vector: tuple[float, float, float]
) -> float:
    """Return the weighted correlation of rings with those of a defocus ``mean + along cos 2t + across sin 2t``.

    It is normalised by the model alone: ``sum(w rings m) / sqrt(sum(w m^2))`` with ``m = -cos(2 chi)``.
    """
    mean, along, across = vector
    defocus = mean + along * np.cos(2 * angle) + across * np.sin(2 * angle)
    model = -np.cos(2 * optics.phase(k2, defocus))
    return float(np.sum(weight * rings * model) / np.sqrt(np.sum(weight * model**2)))


def best_contrast(
    image: Floats, expected: NDArray[np.complex128], power: Floats, row: int, column: int
) -> tuple[float, float]:
    """Return the most probable contrast of a particle at one place, and its standard deviation.

    Parameters
    ----------
    image
        Shape (rows, columns), mean 0.
    expected
        ``fft2`` of a particle at (0, 0), of the same shape.
    power
        Of the noise per pixel, of each coefficient of ``fft2``.
    """
    y, x = np.fft.fftfreq(image.shape[0])[:, None], np.fft.fftfreq(image.shape[1])[None, :]
    there = expected * np.exp(-2j * np.pi * (y * row + x * column))
    noise = power * image.size
    information = float(np.sum(np.abs(there) ** 2 / noise))
    projection = float(np.sum((np.conj(there) * np.fft.fft2(image)).real / noise))
    return projection / information, information**-0.5


def cleaned_peaks(
    height: Floats, response: Floats, apart: float, threshold: float, margin: int, most: int
) -> list[tuple[int, int, float]]:
    """Return (row, column, height) of peaks; each is taken away, as ``response`` about its middle, before the next."""
    left, reach = height.copy(), response.shape[0] // 2
    rows, columns = height.shape
    y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    is_open = (y >= margin) & (y < rows - margin) & (x >= margin) & (x < columns - margin)
    found: list[tuple[int, int, float]] = []
    while len(found) < most and is_open.any():
        row, column = divmod(int(np.argmax(np.where(is_open, left, -np.inf))), columns)
        top = float(left[row, column])
        if not top > threshold:
            break
        found.append((row, column, top))
        near = (np.abs(y - row) <= reach) & (np.abs(x - column) <= reach)
        left[near] -= top * response[y[near] - row + reach, x[near] - column + reach]
        is_open &= np.hypot(y - row, x - column) >= apart
    return found


def cut_out(micrograph: Floats, row: float, column: float, box: int, diameter: float) -> Floats:
    """Return one particle, dark made bright, mean 0 and variance 1 outside of its circle."""
    top, left = round(row) - box // 2, round(column) - box // 2
    image = micrograph[top : top + box, left : left + box].astype(np.float64)
    y, x = np.ogrid[:box, :box]
    around = image[np.hypot(y - box // 2, x - box // 2) > diameter / 2]
    particle: Floats = (around.mean() - image) / around.std()
    return particle
