"""``cloudlet process --dry-run``: how the movies in a folder would be measured, before anything is done with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudlet.cryoem.acquisition import Acquisition, acquisition_of
from cloudlet.cryoem.errors import RawFolderEmpty, RawFolderUnusable
from cloudlet.cryoem.formats.movie import check_last_frame, open_movie
from cloudlet.cryoem.names import MOVIE_SUFFIXES, is_movie_name, movie_stem
from cloudlet.cryoem.settings import CryoemSettings, checked_settings
from cloudlet.errors import CloudletError
from cloudlet.escaping import escape_controls

__all__ = ["MovieSummary", "print_preview", "summarize"]

FINE, SOME_CANNOT = 0, 1
"""Exit statuses."""


@dataclass(frozen=True)
class MovieSummary:
    """What many movies have in common."""

    size: str
    pixel_size: str
    voltage: str
    dose: str
    gain: str
    result: str
    sources: str


def print_preview(console: Console, raw: Path, settings: Mapping[str, Any]) -> int:
    """Print how each kind of movie would be measured and what cannot be used, and return the exit status.

    Raises
    ------
    RawFolderUnusable, RawFolderEmpty, SettingsInvalid
        There is nothing to look at.
    """
    checked = checked_settings(settings)
    kinds: Counter[MovieSummary] = Counter()
    problems: dict[str, CloudletError] = {}
    for path in _movies(raw):
        try:
            kinds[summarize(path, checked)] += 1
        except CloudletError as cause:
            problems[path.name] = cause
    if kinds:
        console.print(_table(kinds))
    for name, problem in problems.items():
        why = escape_controls(f": {problem.message} {problem.remedy}")
        console.print(Text.assemble((escape_controls(name), "bold"), why), soft_wrap=True)
    console.print(f"{kinds.total()} can be measured, {len(problems)} cannot. Nothing was done.")
    return SOME_CANNOT if problems else FINE


def summarize(path: Path, settings: CryoemSettings) -> MovieSummary:
    """Say how one movie would be measured.

    Raises
    ------
    cloudlet.errors.CloudletError
        It could not be.
    """
    with open_movie(path) as movie:
        check_last_frame(movie)
        outline, acquisition = movie.outline, acquisition_of(movie, settings)
    frames = f"{outline.frames} frames"
    if acquisition.is_eer:
        frames = f"{outline.frames} raw frames in {len(acquisition.frame_doses)} fractions"
    micrograph = acquisition.pixel_size_angstrom * acquisition.binning
    return MovieSummary(
        size=f"{outline.columns} × {outline.rows}, {frames}",
        pixel_size=f"{acquisition.pixel_size_angstrom:g} Å",
        voltage=f"{acquisition.voltage_kv:g} kV",
        dose=f"{acquisition.frame_doses[0]:.3g} e/Å² a frame, {acquisition.dose:.3g} in all",
        gain=acquisition.gain.name if acquisition.gain else "none: taken as gain-corrected",
        result=f"micrographs of {micrograph:g} Å a pixel",
        sources=", ".join(_kinds_of_source(path, acquisition)),
    )


def _kinds_of_source(path: Path, acquisition: Acquisition) -> list[str]:
    """Name the sources without the movie's own name, so that movies described alike stand in one row."""
    stem = movie_stem(path.name)
    named = (source.replace(path.name, "movie").replace(stem, "NAME") for source in acquisition.sources.values())
    return list(dict.fromkeys(named))


def _movies(raw: Path) -> list[Path]:
    try:
        movies = sorted(path for path in raw.iterdir() if is_movie_name(path.name))
    except OSError as cause:
        raise RawFolderUnusable(
            f"The folder {raw} cannot be read: {cause.strerror}.", "Name the folder that holds the movies."
        ) from cause
    if not movies:
        raise RawFolderEmpty(f"There is no movie in {raw}.", f"Movies are called {MOVIE_SUFFIXES}.")
    return movies


def _table(kinds: Counter[MovieSummary]) -> Table:
    table = Table("movies", "frames", "pixel", "voltage", "dose", "gain reference", "becomes", "by", box=None)
    for kind, count in kinds.most_common():
        table.add_row(
            str(count), kind.size, kind.pixel_size, kind.voltage, kind.dose, Text(kind.gain), kind.result, kind.sources
        )
    return table
