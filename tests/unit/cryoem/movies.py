"""Movies read in one go, as most tests want them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cloudlet.cryoem.acquisition import Acquisition, acquisition_of
from cloudlet.cryoem.correction import Correction, Corrector
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.formats.outline import AS_STORED, FileMetadata, Fractions, MovieOutline
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.cryoem.stopwatch import Stopwatch

__all__ = ["corrected", "known_of", "metadata_of", "outline_of", "read_movie"]


def outline_of(path: Path) -> MovieOutline:
    """Return what a look into a movie tells."""
    with open_movie(path) as movie:
        return movie.outline


def metadata_of(path: Path) -> FileMetadata | None:
    """Return what a movie says of itself."""
    with open_movie(path) as movie:
        return movie.metadata


def read_movie(path: Path, fractions: Fractions = AS_STORED) -> NDArray[Any]:
    """Return all frames."""
    with open_movie(path) as movie:
        return movie.frames(fractions).read_all()


def known_of(path: Path, settings: CryoemSettings) -> Acquisition:
    """Return how a movie was taken."""
    with open_movie(path) as movie:
        return acquisition_of(movie, settings)


def corrected(path: Path, corrector: Corrector, settings: CryoemSettings) -> Correction:
    """Return a movie as a corrector leaves it."""
    with open_movie(path) as movie:
        return corrector.correct(movie, acquisition_of(movie, settings), path.parent, Stopwatch())
