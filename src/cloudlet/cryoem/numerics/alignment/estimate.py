"""From a movie on a device to its motion: a coarse path, then the path, then the field about it.

Each of the later two is a search by Newton's method with the expected curvature. It begins at low resolution, where
even frames that are far off still overlap with the others, and goes finer as they come close. Priors are chosen on the
way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.alignment.coarse import RESOLUTION_ANGSTROM, coarse_path
from cloudlet.cryoem.numerics.alignment.field import LocalField, MotionField
from cloudlet.cryoem.numerics.alignment.gaussian import Posterior, Prior
from cloudlet.cryoem.numerics.alignment.newton import NewtonSearch
from cloudlet.cryoem.numerics.alignment.patches import Patches, patch_windows
from cloudlet.cryoem.numerics.alignment.priors import (
    FieldWidths,
    PathWidths,
    field_frames,
    field_widths,
    path_frames,
    path_widths,
)
from cloudlet.cryoem.numerics.alignment.signal import amplitudes_left
from cloudlet.cryoem.numerics.device import RadialTable, Spectra, Stack, Window

__all__ = ["AlignmentTask", "align", "binning_for"]

Floats = NDArray[np.float64]

NYQUIST_LIMIT_ANGSTROM = 7.0
"""Motion is estimated on binned frames that still hold this resolution: a frame has nothing finer to align on."""

_PATH_STEPS = (20.0, 12.0, 8.0, 7.0)
_FIELD_STEPS = (40.0, 20.0, 12.0, 9.0, 7.0)
"""Resolutions in angstrom that each step goes to."""

_CHOICES = (1, 3)
"""The steps at which the prior is chosen anew."""

_SMALLEST_PATCH_ANGSTROM = 350.0
"""A window must hold something to be aligned on."""

_AMPLITUDE_ENTRIES = 256


@dataclass(frozen=True)
class AlignmentTask:
    """What is to be aligned."""

    pixel_size_angstrom: float
    """Of the camera's frames."""
    voltage_kv: float
    doses: Floats
    """Of each frame, e/A^2, shape (frames,)."""
    pre_exposure: float
    """e/A^2 before the first frame."""
    used: NDArray[np.bool_]
    """Whether a frame has anything in it; the motion of one that has not follows from the others'. Shape (frames,)."""
    patches: tuple[int, int] = (5, 5)
    """Windows for the local field along y and x, at most."""

    @property
    def middles(self) -> Floats:
        """Dose accumulated up to the middle of each frame."""
        middles: Floats = np.cumsum(self.doses) - self.doses / 2
        return middles

    @property
    def ends(self) -> Floats:
        """Dose accumulated up to the end of each frame, with what came before."""
        ends: Floats = self.pre_exposure + np.cumsum(self.doses)
        return ends


def binning_for(pixel_size_angstrom: float) -> int:
    """Return the largest factor at which binned frames still hold `NYQUIST_LIMIT_ANGSTROM`; at least 1."""
    return max(1, int(NYQUIST_LIMIT_ANGSTROM / (2 * pixel_size_angstrom)))


def align(stack: Stack, task: AlignmentTask) -> MotionField:
    """Estimate the motion of a calibrated movie.

    Parameters
    ----------
    stack
        The movie on a device, binned by `binning_for` its pixel size.
    task
        How it was taken.
    """
    return _Alignment(stack, task).motion()


class _Alignment:
    """One movie being aligned; lengths are binned pixels."""

    def __init__(self, stack: Stack, task: AlignmentTask) -> None:
        self._stack, self._task = stack, task
        self._pixel = task.pixel_size_angstrom * stack.layout.binning
        self._limit = min(0.5, self._pixel / NYQUIST_LIMIT_ANGSTROM)
        frequencies = np.linspace(0, self._limit, _AMPLITUDE_ENTRIES)
        self._amplitudes = RadialTable(self._left(frequencies), float(frequencies[1]))

    def motion(self) -> MotionField:
        shape, task = self._stack.layout.binned_shape, self._task
        whole = self._stack.spectra([Window(0, 0, *shape)], self._limit, self._amplitudes)
        start = coarse_path(whole.low(self._pixel / RESOLUTION_ANGSTROM), self._pixel, task.middles, task.used)
        path, axes = self._path(whole, start - start[0])
        del whole  # its room is wanted for the patches
        return MotionField(
            shape=(self._stack.layout.rows, self._stack.layout.columns),
            pixel_size_angstrom=task.pixel_size_angstrom,
            binning=self._stack.layout.binning,
            base=self._stack.layout.binning * path,
            base_axes=axes,
            local=self._field(path),
        )

    def _path(self, spectra: Spectra, path: Floats) -> tuple[Floats, tuple[Posterior, Posterior]]:
        search = NewtonSearch(spectra, self._ring_amplitudes(spectra), np.zeros_like(path), path[None])
        chosen = PathWidths(0.3, 0.3, 3.0)
        for number, resolution in enumerate(_PATH_STEPS):
            candidates = list(path_widths()) if number in _CHOICES else [chosen]
            priors = [
                Prior(np.ones((1, 1)), path_frames(self._task.middles, widths, self._pixel)) for widths in candidates
            ]
            chosen = candidates[search.step(self._pixel / resolution, priors)]
        return search.displacements[0], search.axes

    def _field(self, path: Floats) -> LocalField | None:
        grid = self._grid()
        if min(grid) < 2:
            return None
        windows = patch_windows(self._stack.layout.binned_shape, grid)
        spectra = self._stack.spectra(windows, self._limit, self._amplitudes)
        patches = Patches(windows, self._pixel)
        search = NewtonSearch(spectra, self._ring_amplitudes(spectra), path, np.zeros((len(windows), *path.shape)))
        size = min(self._stack.layout.binned_shape) * self._pixel
        chosen = FieldWidths(0.25 * size, 0.3, 2.0)
        roots = {length: patches.root(length) for length in {widths.length for widths in field_widths(size)}}
        for number, resolution in enumerate(_FIELD_STEPS):
            candidates = list(field_widths(size)) if number in _CHOICES else [chosen]
            priors = [
                Prior(roots[widths.length], field_frames(self._task.middles, widths, self._pixel))
                for widths in candidates
            ]
            chosen = candidates[search.step(self._pixel / resolution, priors)]
        return LocalField(patches, chosen.length, roots[chosen.length], search.axes)

    def _grid(self) -> tuple[int, int]:
        rows, columns = self._stack.layout.binned_shape
        most = [max(1, int(size * self._pixel / _SMALLEST_PATCH_ANGSTROM)) for size in (rows, columns)]
        return min(self._task.patches[0], most[0]), min(self._task.patches[1], most[1])

    def _ring_amplitudes(self, spectra: Spectra) -> Floats:
        return self._left(spectra.rings.middle).astype(np.float64)

    def _left(self, frequencies: Floats) -> NDArray[np.float32]:
        left = amplitudes_left(frequencies / self._pixel, self._task.ends, self._task.voltage_kv)
        return left * self._task.used[:, None]
