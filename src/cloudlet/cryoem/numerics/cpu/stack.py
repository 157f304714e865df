"""One movie in the host's memory."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.cpu.counting import add_frames, bin_frames
from cloudlet.cryoem.numerics.cpu.gathering import gather, sums_shape
from cloudlet.cryoem.numerics.cpu.spectra import CpuSpectra
from cloudlet.cryoem.numerics.cpu.weighting import CpuSums
from cloudlet.cryoem.numerics.device import Layout, RadialTable, Window
from cloudlet.cryoem.numerics.frames import Defects
from cloudlet.cryoem.numerics.threads import Threads

__all__ = ["CpuStack"]

_NO_GAIN = np.ones((1, 1), np.float32)


class CpuStack:
    """Counts as they were decoded, and the frames binned; implements `cloudlet.cryoem.numerics.device.Stack`."""

    def __init__(self, layout: Layout, threads: Threads) -> None:
        self.layout = layout
        self._threads = threads
        self._counts = np.empty((layout.frames, layout.rows, layout.columns), layout.dtype)
        self._binned = np.empty((layout.frames, *layout.binned_shape), np.float32)
        self._gain: NDArray[np.float32] | None = None
        self._room = np.empty(0, np.float32)

    def buffer(self, frame: int) -> NDArray[np.generic]:
        """Return the place of a frame's counts."""
        place: NDArray[np.generic] = self._counts[frame]
        return place

    def take(self, frame: int) -> None:
        """Do nothing: counts are where they belong."""

    def total(self) -> NDArray[np.float32]:
        """Return the sum of the raw counts, shape (rows, columns)."""
        total = self._room_for(self._counts.shape[1:])
        self._threads.slices(lambda first, last: add_frames(self._counts, total, first, last), len(total))
        return total

    def calibrate(self, gain: NDArray[np.float32] | None, defects: Defects) -> NDArray[np.float64]:
        """Replace defects, keep the gain, bin all frames, and return their means, shape (frames,)."""
        bad, good = (defects.rows, defects.columns), (defects.stand_in_rows, defects.stand_in_columns)
        self._take_gain(gain)
        if self._gain is not None:
            self._gain[bad] = self._gain[good]
        self._threads.each(lambda frame: _put(self._counts[frame], bad, good), self.layout.frames)
        layout, scale = self.layout, _NO_GAIN if self._gain is None else self._gain
        sums: list[NDArray[np.float64]] = []

        def bin_rows(first: int, last: int) -> None:
            part = np.zeros(layout.frames)
            bin_frames(self._counts, scale, layout.binning, self._binned, part, first, last)
            sums.append(part)

        rows, columns = layout.binned_shape
        self._threads.slices(bin_rows, rows)
        means: NDArray[np.float64] = np.sum(sums, axis=0) / (rows * columns * layout.binning**2)
        return means

    def _take_gain(self, gain: NDArray[np.float32] | None) -> None:
        if gain is None or self._gain is None:
            self._gain = None if gain is None else gain.copy()
        else:
            np.copyto(self._gain, gain)

    def spectra(self, windows: Sequence[Window], limit: float, amplitudes: RadialTable) -> CpuSpectra:
        """Transform windows of all binned frames."""
        return CpuSpectra(self._binned, windows, limit, amplitudes, self._threads)

    def gathered(self, displacements: NDArray[np.float32], shares: NDArray[np.float32]) -> CpuSums:
        """Sum displaced frames."""
        sums = self._room_for(sums_shape(len(shares), self.layout.rows, self.layout.columns))
        return gather(self._counts, self._gain, displacements, shares, self._threads, sums)

    def _room_for(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return the same room as before, where it is large enough: new memory costs more than what is done with it."""
        size = math.prod(shape)
        if self._room.size < size:
            self._room = np.empty(0, np.float32)  # so that the old one is given back before the new one is asked for
            self._room = np.empty(size, np.float32)
        return self._room[:size].reshape(shape)


def _put(
    counts: NDArray[np.generic],
    bad: tuple[NDArray[np.intp], NDArray[np.intp]],
    good: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> None:
    counts[bad] = counts[good]
