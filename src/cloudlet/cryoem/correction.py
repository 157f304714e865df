"""What correcting a movie gives, whichever program does it.

Own code hands arrays from stage to stage; another program gets files and leaves files, which its adapter turns into
the same `Correction`. Everything after it (CTF, particles, pictures, STAR files) knows only this.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.acquisition import Acquisition
from cloudlet.cryoem.formats.motion_star import MovieMotion
from cloudlet.cryoem.numerics.device import HalfPlane

__all__ = ["Correction", "Corrector", "Watch"]


class Watch(Protocol):
    """Takes the time of stages."""

    def stage(self, key: str) -> AbstractContextManager[None]:
        """Count the block's wall time to the stage `key` of the declaration."""
        ...


@dataclass(frozen=True)
class Correction:
    """One movie's corrected micrograph, and how its specimen had moved."""

    micrograph: NDArray[np.float32]
    """Exposure-weighted, shape (rows, columns), row 0 at the bottom."""
    plane: HalfPlane
    """Its transform, for pictures and picking."""
    unweighted: NDArray[np.float32]
    """The plain sum, of the same shape: the CTF is fitted on it. Good until the corrector's next movie.

    Where it is neither kept nor made smaller, an interpolation's blur may be left in it.
    """
    halves: tuple[NDArray[np.float32], NDArray[np.float32]] | None
    """The sums of frames 1, 3, ... and 2, 4, ...; None where they were not asked for."""
    pixel_size_angstrom: float
    """Of these images."""
    motion: MovieMotion
    figures: Mapping[str, float]
    """What the declaration calls motion, counts, defects and the like."""


class Corrector(Protocol):
    """A program that corrects movies: gain, defects, motion, exposure weights."""

    def correct(self, path: Path, acquisition: Acquisition, project_folder: Path, watch: Watch) -> Correction:
        """Correct one movie.

        Parameters
        ----------
        path
            Of the movie, which is read only.
        acquisition
            How it was taken.
        project_folder
            Where a program that works on files may have a folder of its own meanwhile.
        watch
            Takes the time.

        Raises
        ------
        cloudlet.errors.CloudletError
            The movie, its gain or its defects cannot be used, or the program failed.
        """
        ...
