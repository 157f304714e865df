"""Transforms of windows of the binned frames, in planar form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.cpu.matching import add_slopes, crop_transform, fade, ring_powers, sum_moved
from cloudlet.cryoem.numerics.device import LowFrequencies, RadialTable, Window
from cloudlet.cryoem.numerics.fourier import edge
from cloudlet.cryoem.numerics.padding import fast_shape
from cloudlet.cryoem.numerics.rings import RINGS, cropped_frequencies, rings_of, within
from cloudlet.cryoem.numerics.threads import Threads

__all__ = ["CpuMatch", "CpuSpectra"]

_ROWS_AT_ONCE = 16
"""Rows of the sum that stay in the cache while all frames go by."""


class CpuSpectra:
    """Transforms (windows, frames, rows, columns), real and imaginary parts apart; implements `device.Spectra`."""

    def __init__(
        self,
        binned: NDArray[np.float32],
        windows: Sequence[Window],
        limit: float,
        amplitudes: RadialTable,
        threads: Threads,
    ) -> None:
        self._threads = threads
        shape = fast_shape((windows[0].rows, windows[0].columns))
        self.rows, self.columns = cropped_frequencies(shape, limit)
        self.rings = rings_of(self.rows, self.columns, limit)
        full = (len(windows), len(binned), len(self.rows), len(self.columns))
        self.real, self.imaginary = np.empty(full, np.float32), np.empty(full, np.float32)
        self.sum_of_powers = np.zeros((len(windows), RINGS))
        self._transform(binned, windows, shape, amplitudes)
        self._add_powers()

    def low(self, limit: float) -> LowFrequencies:
        """Return the first window's frequencies below `limit`."""
        kept, columns = within(self.rows, self.columns, limit)
        transforms = np.empty((self.real.shape[1], len(kept), columns), np.complex64)
        transforms.real = self.real[0][:, kept, :columns]
        transforms.imag = self.imaginary[0][:, kept, :columns]
        return LowFrequencies(transforms, self.rows[kept], self.columns[:columns])

    def match(self, shifts: NDArray[np.float64]) -> CpuMatch:
        """Move windows back and sum frames."""
        return CpuMatch(self, shifts, self._threads)

    def _transform(
        self,
        binned: NDArray[np.float32],
        windows: Sequence[Window],
        shape: tuple[int, int],
        amplitudes: RadialTable,
    ) -> None:
        entry = amplitudes.nearest(np.hypot(self.rows[:, None], self.columns[None, :]))
        window_y, window_x = (edge(size) for size in (windows[0].rows, windows[0].columns))

        def transform_frame(frame: int) -> None:
            faded = np.empty((windows[0].rows, windows[0].columns), np.float32)
            for number, window in enumerate(windows):
                piece = binned[
                    frame, window.row : window.row + window.rows, window.column : window.column + window.columns
                ]
                fade(piece, window_y, window_x, faded)
                transform = scipy.fft.rfft2(faded, s=shape)
                crop_transform(
                    transform, entry, amplitudes.values[frame], self.real[number, frame], self.imaginary[number, frame]
                )

        self._threads.each(transform_frame, len(binned))

    def _add_powers(self) -> None:
        rings = self.rings
        self._threads.each(
            lambda n: ring_powers(self.real[n], self.imaginary[n], rings.number, rings.share, self.sum_of_powers[n]),
            len(self.real),
        )


class CpuMatch:
    """Frames moved back and summed; implements `device.Match`."""

    def __init__(self, spectra: CpuSpectra, shifts: NDArray[np.float64], threads: Threads) -> None:
        self._spectra = spectra
        self._threads = threads
        self._phase_y = _phases(shifts[..., 0], spectra.rows)
        self._phase_x = _phases(shifts[..., 1], spectra.columns)
        windows, _, rows, columns = spectra.real.shape
        self._sum = np.empty((2, windows, rows, columns), np.float32)
        self.power_of_sum = np.zeros((windows, RINGS))
        self._blocks = -(-rows // _ROWS_AT_ONCE)
        threads.each(self._sum_block, windows * self._blocks)
        rings, total = spectra.rings, self._sum
        threads.each(
            lambda n: ring_powers(
                total[0, n, None], total[1, n, None], rings.number, rings.share, self.power_of_sum[n]
            ),
            windows,
        )

    def gradients(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the slopes, shape (windows, frames, 2)."""
        spectra, image = self._spectra, self._spectra.rings.spread(weight)
        windows, frames = spectra.real.shape[:2]
        parts = np.zeros((windows * self._blocks, frames, 2))
        rows, columns = spectra.rows.astype(np.float32), spectra.columns.astype(np.float32)

        def slope_block(item: int) -> None:
            number, first, last = self._block(item)
            add_slopes(
                spectra.real[number],
                spectra.imaginary[number],
                self._phase_y[number],
                self._phase_x[number],
                self._sum[0, number],
                self._sum[1, number],
                image,
                rows,
                columns,
                parts[item],
                first,
                last,
            )

        self._threads.each(slope_block, len(parts))
        slopes: NDArray[np.float64] = parts.reshape(windows, self._blocks, frames, 2).sum(axis=1)
        return slopes

    def _block(self, item: int) -> tuple[int, int, int]:
        number, block = divmod(item, self._blocks)
        first = block * _ROWS_AT_ONCE
        return number, first, min(first + _ROWS_AT_ONCE, self._sum.shape[2])

    def _sum_block(self, item: int) -> None:
        number, first, last = self._block(item)
        spectra = self._spectra
        sum_moved(
            spectra.real[number],
            spectra.imaginary[number],
            self._phase_y[number],
            self._phase_x[number],
            self._sum[0, number],
            self._sum[1, number],
            first,
            last,
        )


def _phases(shifts: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return cosines and sines for shifts (windows, frames): shape (windows, 2, frames, frequencies)."""
    angle = 2 * np.pi * shifts[..., None] * frequencies
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
