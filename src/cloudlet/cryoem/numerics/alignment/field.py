"""What is known of a movie's motion: where any place was in any frame, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.alignment.gaussian import Posterior
from cloudlet.cryoem.numerics.alignment.patches import Patches
from cloudlet.cryoem.numerics.device import TILE

__all__ = ["LocalField", "MotionField"]

Floats = NDArray[np.float64]

_SAMPLES = 9
"""Places along each side that stand for the field where a mean over it is taken."""


@dataclass(frozen=True)
class LocalField:
    """The smooth field about the path."""

    patches: Patches
    length: float
    """Over which places move alike, in angstrom."""
    root: Floats
    """Of the covariance between windows."""
    axes: tuple[Posterior, Posterior]
    """Of displacements along y and x, in binned pixels."""

    def rows(self, places_angstrom: Floats, axis: int) -> Floats:
        """Return what the posterior's coefficients in place are multiplied by, shape (places, n)."""
        posterior = self.axes[axis]
        inverse = np.linalg.solve(self.root, posterior.places)
        towards = self.patches.towards(places_angstrom, self.length)
        rows: Floats = np.linalg.solve(self.root, towards.T).T @ inverse
        return rows

    def at(self, places_angstrom: Floats) -> Floats:
        """Return displacements in binned pixels, shape (frames, places, 2)."""
        towards = self.patches.towards(places_angstrom, self.length)
        kriging = np.linalg.solve(self.root.T, np.linalg.solve(self.root, towards.T)).T
        return np.stack([(kriging @ posterior.mean).T for posterior in self.axes], axis=-1)


@dataclass(frozen=True)
class MotionField:
    """Displacements relative to the first frame, in pixels of the camera's frames: minus these bring frames back."""

    shape: tuple[int, int]
    """(rows, columns) of the frames."""
    pixel_size_angstrom: float
    binning: int
    base: Floats
    """The path that the local field is about, shape (frames, 2)."""
    base_axes: tuple[Posterior, Posterior]
    local: LocalField | None
    """None where the frames are too small for a field."""

    @cached_property
    def path(self) -> Floats:
        """Of the whole field: the mean over it, shape (frames, 2)."""
        if self.local is None:
            return self.base
        y, x = self._samples()
        mean: Floats = self.at(y, x).mean(axis=1)
        return mean

    def at(self, y: Floats, x: Floats) -> Floats:
        """Return the displacements of places, given by rows and columns of equal shape (n,); shape (frames, n, 2)."""
        moved = np.repeat(self.base[:, None, :], np.size(y), axis=1)
        if self.local is not None:
            moved = moved + self.binning * self.local.at(self._places(y, x))
        return moved

    def tiles(self) -> NDArray[np.float32]:
        """Return the displacements of all tiles, shape (frames, tile rows, tile columns, 2)."""
        counts = [-(-size // side) for size, side in zip(self.shape, TILE, strict=True)]
        middles = [
            np.minimum(np.arange(count) * side + (side - 1) / 2, size - 1.0)
            for count, side, size in zip(counts, TILE, self.shape, strict=True)
        ]
        y, x = np.meshgrid(*middles, indexing="ij")
        moved = self.at(y.ravel(), x.ravel())
        return moved.reshape(len(self.base), *counts, 2).astype(np.float32)

    def path_error(self) -> Floats:
        """Return the predicted standard error of the path, its mean removed, in pixels, shape (frames, 2)."""
        variances = []
        for axis in (0, 1):
            field = self._field_variance(axis, is_mean=True)
            variances.append(np.maximum(self._base_variance(axis), field[0]))
        errors: Floats = self.binning * np.sqrt(np.stack(variances, axis=-1))
        return errors

    def field_error(self) -> Floats:
        """Return that of the displacements, their mean over frames removed, rms over the field; shape (frames, 2)."""
        variances = []
        for axis in (0, 1):
            field = self._field_variance(axis, is_mean=False)
            variances.append(np.maximum(self._base_variance(axis), field).mean(axis=0))
        errors: Floats = self.binning * np.sqrt(np.stack(variances, axis=-1))
        return errors

    def _base_variance(self, axis: int) -> Floats:
        posterior = self.base_axes[axis]
        variance: Floats = posterior.variance(posterior.places, _centred(posterior.frames))[0]
        return variance

    def _field_variance(self, axis: int, *, is_mean: bool) -> Floats:
        """Return the variance of the field, of places or of its mean, given the path it is about.

        Where the field is believed to be next to nothing that is next to nothing too, and what is not known is the path
        itself; where it is free, the path is only where it began. So the larger of both variances holds.
        """
        if self.local is None:
            return np.zeros((1, len(self.base)))
        rows = self.local.rows(self._places(*self._samples()), axis)
        posterior = self.local.axes[axis]
        chosen = rows.mean(axis=0, keepdims=True) if is_mean else rows
        return posterior.variance(chosen, _centred(posterior.frames))

    def field_strength(self) -> float:
        """Return the root mean square of the field about the path over frames and places, per axis, in pixels."""
        y, x = self._samples()
        about = self.at(y, x) - self.path[:, None, :]
        return float(np.sqrt(np.square(about - about.mean(axis=0)).mean()))

    def _samples(self) -> tuple[Floats, Floats]:
        places = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
        y, x = np.meshgrid(places * self.shape[0], places * self.shape[1], indexing="ij")
        return y.ravel(), x.ravel()

    def _places(self, y: Floats, x: Floats) -> Floats:
        return (np.stack([np.ravel(y), np.ravel(x)], axis=-1) + 0.5) * self.pixel_size_angstrom


def _centred(frames: Floats) -> Floats:
    centred: Floats = frames - frames.mean(axis=0)
    return centred
