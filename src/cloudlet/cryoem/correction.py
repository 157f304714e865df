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
from cloudlet.cryoem.calibration import Calibration
from cloudlet.cryoem.formats.motion_star import MovieMotion
from cloudlet.cryoem.formats.movie import MovieFile
from cloudlet.cryoem.numerics.device import HalfPlane

__all__ = ["Correction", "Corrector", "StageTimer", "figures_of", "motion_of"]

_FIRST_DOSE = 5.0
"""Electrons per square angstrom that count as the beginning of a movie."""


class StageTimer(Protocol):
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

    def correct(
        self, movie: MovieFile, acquisition: Acquisition, project_folder: Path, timer: StageTimer
    ) -> Correction:
        """Correct one movie.

        Parameters
        ----------
        movie
            It is open, and read only.
        acquisition
            How it was taken.
        project_folder
            Where a program that works on files may have a folder of its own meanwhile.
        timer
            Takes the time.

        Raises
        ------
        cloudlet.errors.CloudletError
            The movie, its gain or its defects cannot be used, or the program failed.
        """
        ...


def motion_of(
    path: Path,
    acquisition: Acquisition,
    calibration: Calibration,
    shape: tuple[int, int, int],
    motion: NDArray[np.float64],
    local: NDArray[np.float64] | None,
) -> MovieMotion:
    """Return what the movie's STAR file is to say.

    Parameters
    ----------
    path, acquisition, calibration
        The movie, how it was taken, and its gain reference and defects.
    shape
        Its frames, rows and columns.
    motion, local
        The path and the coefficients of the local model; see `MovieMotion`.
    """
    defects, fractions = calibration.defects, acquisition.fractions
    return MovieMotion(
        movie_name=str(path),
        shape=shape,
        gain_name=str(acquisition.gain) if acquisition.gain else None,
        pixel_size_angstrom=acquisition.pixel_size_angstrom,
        binning=acquisition.binning,
        dose_per_frame=acquisition.dose / shape[0],
        pre_exposure=acquisition.pre_exposure,
        voltage_kv=acquisition.voltage_kv,
        motion=motion,
        local=local,
        hot_pixels=[(int(row), int(column)) for row, column in zip(defects.rows, defects.columns, strict=True)],
        eer=(fractions.upsampling, fractions.frames) if acquisition.is_eer else None,
    )


def figures_of(
    acquisition: Acquisition, calibration: Calibration, counts: float, motion: NDArray[np.float64]
) -> dict[str, float]:
    """Return the figures that any program's correction gives: counts, defects, gain, and the length of the path.

    Parameters
    ----------
    acquisition, calibration
        How the movie was taken, and its gain reference and defects.
    counts
        Mean of a frame's pixels.
    motion
        In pixels of the frames, shape (frames, 2).
    """
    steps = np.hypot(*np.diff(motion, axis=0).T)
    path = acquisition.pixel_size_angstrom * np.concatenate([[0.0], np.cumsum(steps)])
    doses = np.array(acquisition.frame_doses)
    figures = {
        "counts": counts,
        "hot_pixels": float(len(calibration.defects)),
        "motion_total": float(path[-1]),
        "motion_first": float(np.interp(_FIRST_DOSE, np.cumsum(doses) - doses / 2, path)),
    }
    if calibration.match is not None:
        figures["gain_match"] = calibration.match.significance
    return figures
