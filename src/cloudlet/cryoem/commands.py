"""``cloudlet process``, which does with any folder what the edge does with an instrument's, and ``inspect``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.errors import SettingsInvalid

__all__ = ["inspect", "process"]

_DEFAULTS = CryoemSettings()


def process(
    raw: Annotated[Path, typer.Argument(help="Folder the camera writes into; nothing is ever written there.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for micrographs, pictures and STAR files.")],
    pixel_size: Annotated[float | None, typer.Option(help="In Å; by default from each movie's metadata.")] = None,
    voltage: Annotated[float | None, typer.Option(help="In kV; by default from each movie's metadata.")] = None,
    cs: Annotated[
        float | None, typer.Option(help="Spherical aberration in mm.", show_default=f"{_DEFAULTS.cs_mm:g}")
    ] = None,
    amplitude_contrast: Annotated[
        float | None,
        typer.Option(help="Share of amplitude contrast, 0 to 1.", show_default=f"{_DEFAULTS.amplitude_contrast:g}"),
    ] = None,
    dose_per_frame: Annotated[
        float | None, typer.Option(help="In e/Å²; by default from each movie's metadata.")
    ] = None,
    gain: Annotated[
        Path | None,
        typer.Option(help="Gain reference; by default the one the metadata names.", exists=True, dir_okay=False),
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.", show_default="auto")] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other setting for movies; may be given several times."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on with what arrives, until Ctrl-C.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what was understood of each movie, and do nothing.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Movies at a time; by default one per core.")] = None,
) -> None:
    """Correct and measure every movie in RAW: motion, dose weighting, CTF, pictures.

    Run again, it carries on, and tries again what had failed. Exit status 0: all movies are done; 1: some failed, or
    Ctrl-C came before they were finished; 2: it could not begin.
    """
    options = {
        "pixel_size_angstrom": pixel_size,
        "voltage_kv": voltage,
        "cs_mm": cs,
        "amplitude_contrast": amplitude_contrast,
        "dose_per_frame": dose_per_frame,
        "gain": None if gain is None else str(gain.absolute()),
        "device": device,
    }
    settings = {**_pairs(more or []), **{key: value for key, value in options.items() if value is not None}}
    if dry_run:
        raise typer.Exit(_preview(raw, settings))
    cores = len(os.sched_getaffinity(0))
    movies_at_a_time = workers or cores
    raise typer.Exit(_processed(raw, out, settings, movies_at_a_time, max(1, cores // movies_at_a_time), watch))


def inspect(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Movies, images, metadata or tables.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one object a file.")] = False,
) -> None:
    """Show what a movie, gain reference, mdoc, EER or STAR file holds, and where it departs from its format.

    Exit status 0: all is as it should be; 1: something departs; 2: a file cannot be used.
    """
    from cloudlet.cryoem.inspection.printing import print_reports

    raise typer.Exit(print_reports(Console(), files, as_json=as_json))


def _processed(raw: Path, out: Path, settings: dict[str, Any], workers: int, threads: int, is_watching: bool) -> int:
    from cloudlet.cryoem import WORKLOAD
    from cloudlet.cryoem.batch import Batch, process_folder
    from cloudlet.cryoem.progress import growing_bar
    from cloudlet.cryoem.summary import print_summary

    batch = Batch(raw, out, settings, workers, threads, is_watching)
    console = Console()
    with growing_bar(console) as show:
        outcome = process_folder(batch, WORKLOAD, show)
    return print_summary(console, outcome, batch, WORKLOAD.declaration)


def _preview(raw: Path, settings: dict[str, Any]) -> int:
    from cloudlet.cryoem.preview import print_preview

    status: int = print_preview(Console(), raw, settings)
    return status


def _pairs(given: list[str]) -> dict[str, Any]:
    """Return settings given as KEY=VALUE; a value is JSON, or else the text itself."""
    return dict(map(_pair, given))


def _pair(given: str) -> tuple[str, Any]:
    key, equals, value = given.partition("=")
    if not equals:
        raise SettingsInvalid(
            f"{given!r} is no setting with a value.", "Write --set KEY=VALUE, as in --set keep_unweighted=true."
        )
    try:
        return key.strip(), json.loads(value)
    except ValueError:
        return key.strip(), value
