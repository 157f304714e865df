"""Whether a movie that has stood still is all there."""

from __future__ import annotations

from pathlib import Path

from cloudlet.analytics import Problem, Readiness
from cloudlet.cryoem.errors import MovieWrongType
from cloudlet.cryoem.formats.epu_xml import epu_path
from cloudlet.cryoem.formats.mdoc import mdoc_path
from cloudlet.cryoem.formats.movie import check_last_frame, open_movie
from cloudlet.cryoem.metadata import sidecar_sources
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.errors import CloudletError

__all__ = ["readiness_of"]


def readiness_of(path: Path, settings: CryoemSettings) -> Readiness:
    """Look into a movie and its metadata without decoding a frame; what is wrong is said, never raised."""
    try:
        with open_movie(path) as movie:
            if not sidecar_sources(movie) and not _is_self_sufficient(settings):
                return _waiting_for_metadata(path)
            check_last_frame(movie)
    except CloudletError as error:
        problem = Problem(error.slug, error.message, error.remedy)
        return Readiness(is_complete=False, problem=problem, is_final=isinstance(error, MovieWrongType))
    return Readiness(is_complete=True)


def _is_self_sufficient(settings: CryoemSettings) -> bool:
    needed = (settings.pixel_size_angstrom, settings.voltage_kv, settings.dose_per_frame)
    return all(value is not None for value in needed)


def _waiting_for_metadata(movie: Path) -> Readiness:
    problem = Problem(
        "metadata-missing",
        f"Neither {mdoc_path(movie).name} nor {epu_path(movie).name} is there yet, one of which would say how "
        f"{movie.name} was taken.",
        "Let the acquisition program save it beside the movie, or set pixel size, voltage and dose per frame "
        "(--pixel-size, --voltage, --dose-per-frame).",
    )
    return Readiness(is_complete=False, problem=problem)
