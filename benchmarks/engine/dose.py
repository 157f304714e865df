"""Exposure weighting by few sums against one transform a frame, on the same displaced frames."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.fft

from benchmarks.report import Row
from cloudlet.cryoem.numerics.cpu.gathering import gather
from cloudlet.cryoem.numerics.device import TILE, RadialTable
from cloudlet.cryoem.numerics.fourier import radial_frequency
from cloudlet.cryoem.numerics.low_rank import exact_weights, exposure_weights
from cloudlet.cryoem.numerics.threads import Threads

__all__ = ["measure"]

LIMIT = 5e-4
SIDE, FRAMES, PIXEL, DOSE = 2048, 40, 0.83, 50.0


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield the relative error at both voltages, and the one that was expected beforehand."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(0.86, (FRAMES, SIDE, SIDE)).astype(np.uint8)
    tiles = -(-SIDE // TILE[0]), -(-SIDE // TILE[1])
    displacements = rng.uniform(-5, 5, (FRAMES, *tiles, 2)).astype(np.float32)
    doses, used, threads = np.full(FRAMES, DOSE / FRAMES), np.ones(FRAMES, bool), Threads(2)
    frequency = radial_frequency((SIDE, SIDE), PIXEL)
    radii, place = np.unique(frequency, return_inverse=True)
    for voltage in (300.0, 200.0):
        few = exposure_weights(doses, used, PIXEL, voltage)
        image = (
            gather(counts, None, displacements, few.shares, threads)
            .combined([few.filters], (SIDE, SIDE))[0]
            .image(SIDE, SIDE)
        )
        weights = exact_weights(radii.astype(np.float64), np.cumsum(doses), used, voltage)
        total = np.zeros(frequency.shape, np.complex128)
        for frame in range(FRAMES):
            one = gather(counts[frame : frame + 1], None, displacements[frame : frame + 1], _ONE, threads)
            moved = one.combined([RadialTable(np.ones((1, 2), np.float32), 1.0)], (SIDE, SIDE))[0].image(SIDE, SIDE)
            total += scipy.fft.rfft2(moved) * weights[frame][place].reshape(frequency.shape)
        exact = scipy.fft.irfft2(total, s=(SIDE, SIDE))
        error = float((image - exact).std() / exact.std())
        yield Row.at_most(f"{voltage:g} kV, {len(few.shares)} sums", error, "", LIMIT)
        yield Row(f"{voltage:g} kV, expected beforehand", few.expected_error, "")


_ONE = np.ones((1, 1), np.float32)
