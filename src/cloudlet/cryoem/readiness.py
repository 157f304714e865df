"""Whether a movie that has stood still is all there."""

from __future__ import annotations

from pathlib import Path

from cloudlet.analytics import Problem, Readiness
from cloudlet.cryoem.acquisition import metadata_of
from cloudlet.cryoem.errors import MovieWrongType
from cloudlet.cryoem.formats.mdoc import MovieMetadata, mdoc_path
from cloudlet.cryoem.formats.movie import look_at_movie
from cloudlet.cryoem.formats.outline import MovieOutline
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.errors import CloudletError

__all__ = ["readiness_of"]


def readiness_of(movie: Path, settings: CryoemSettings) -> Readiness:
    """Look into a movie and its metadata without decoding a frame; what is wrong is said, never raised."""
    try:
        return _compared(movie, look_at_movie(movie), metadata_of(movie), settings)
    except CloudletError as error:
        problem = Problem(error.slug, error.message, error.remedy)
        return Readiness(is_complete=False, problem=problem, is_final=isinstance(error, MovieWrongType))


def _compared(
    movie: Path, outline: MovieOutline, metadata: MovieMetadata | None, settings: CryoemSettings
) -> Readiness:
    if metadata is None and not _is_self_sufficient(settings):
        return _waiting(
            "metadata-missing",
            f"{mdoc_path(movie).name} is not there yet, which says how {movie.name} was taken.",
            "Let the acquisition program save it beside the movie, or set pixel size, voltage and dose per frame "
            "(--pixel-size, --voltage, --dose-per-frame).",
        )
    expected = metadata.frames if metadata else None
    if expected is not None and outline.frames != expected:
        return _waiting(
            "movie-truncated",
            f"{movie.name} holds {outline.frames} of the {expected} frames its metadata announces.",
            "Copy the file again if it was copied, or leave the movie out.",
        )
    if outline.is_cut:
        return _waiting(
            "movie-truncated",
            f"{movie.name} ends in the middle of frame {outline.frames + 1}.",
            "Copy the file again if it was copied, or leave the movie out.",
        )
    return Readiness(is_complete=True)


def _is_self_sufficient(settings: CryoemSettings) -> bool:
    needed = (settings.pixel_size_angstrom, settings.voltage_kv, settings.dose_per_frame)
    return all(value is not None for value in needed)


def _waiting(slug: str, message: str, remedy: str) -> Readiness:
    return Readiness(is_complete=False, problem=Problem(slug, message, remedy))
