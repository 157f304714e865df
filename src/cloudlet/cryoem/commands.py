"""``cloudlet process``: what the edge does with an instrument's folder, done with any folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cloudlet.cryoem.settings import CryoemSettings

if TYPE_CHECKING:
    from cloudlet.cryoem.batch import Batch, Counts, Outcome

__all__ = ["process"]

FAILED, UNUSABLE = 1, 2
"""Exit statuses: some movies failed or were not finished; the folder cannot be processed."""

_SHOWN_FAILURES = 20
_DEFAULTS = CryoemSettings()


def process(
    raw: Annotated[Path, typer.Argument(help="Folder the camera writes into; nothing is ever written there.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for micrographs, pictures and STAR files.")],
    pixel_size: Annotated[float | None, typer.Option(help="In Å; by default from each movie's mdoc.")] = None,
    voltage: Annotated[float | None, typer.Option(help="In kV; by default from each movie's mdoc.")] = None,
    cs: Annotated[
        float | None, typer.Option(help="Spherical aberration in mm.", show_default=f"{_DEFAULTS.cs_mm:g}")
    ] = None,
    amplitude_contrast: Annotated[
        float | None,
        typer.Option(help="Share of amplitude contrast, 0 to 1.", show_default=f"{_DEFAULTS.amplitude_contrast:g}"),
    ] = None,
    dose_per_frame: Annotated[float | None, typer.Option(help="In e/Å²; by default from each movie's mdoc.")] = None,
    gain: Annotated[
        Path | None,
        typer.Option(
            help="MRC or TIFF gain reference; by default the one the mdoc names.", exists=True, dir_okay=False
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on with what arrives, until Ctrl-C.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Movies at a time; by default one per core.")] = None,
) -> None:
    """Correct and measure every movie in RAW: motion, dose weighting, CTF, pictures.

    Run again, it carries on, and tries again what had failed. Exit status 0: all movies are done; 1: some failed, or
    Ctrl-C came before they were finished; 2: it could not begin.
    """
    from cloudlet.cryoem import WORKLOAD
    from cloudlet.cryoem.batch import Batch, process_folder

    told = {
        "pixel_size_angstrom": pixel_size,
        "voltage_kv": voltage,
        "cs_mm": cs,
        "amplitude_contrast": amplitude_contrast,
        "dose_per_frame": dose_per_frame,
        "gain": None if gain is None else str(gain.absolute()),
    }
    settings = {key: value for key, value in told.items() if value is not None}
    batch = Batch(raw, out, settings, workers or len(os.sched_getaffinity(0)), watch)
    console = Console()
    with _bar(console) as show:
        outcome = process_folder(batch, WORKLOAD, show)
    raise typer.Exit(_told(console, outcome, batch))


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[Counts], None]]:
    from cloudlet.analytics import ExposureState

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(SpinnerColumn(), *columns, console=console) as progress:
        task = progress.add_task("Looking for movies", total=None)

        def show(counts: Counts) -> None:
            done, failed = counts.get(ExposureState.DONE, 0), counts.get(ExposureState.FAILED, 0)
            description = f"Movies, {failed} failed" if failed else "Movies"
            total = sum(counts.values())
            if total:
                progress.update(task, description=description, total=total, completed=done + failed)

        yield show


def _told(console: Console, outcome: Outcome, batch: Batch) -> int:
    """Print how it ended and return the exit status."""
    from cloudlet.analytics import ExposureState

    if outcome.run.problem is not None:
        problem = outcome.run.problem
        console.print(Text.assemble((problem.message, "bold red"), f" {problem.remedy}"), soft_wrap=True)
        return UNUSABLE
    done = outcome.counts.get(ExposureState.DONE, 0)
    waiting = sum(outcome.counts.values()) - done - len(outcome.failures) - outcome.gone
    for line in _lines(outcome, done, waiting, batch.project_folder.absolute()):
        console.print(Text(line), soft_wrap=True)
    if outcome.failures:
        console.print(_failures(outcome))
    return FAILED if outcome.failures or (waiting and not batch.is_watching) else 0


def _lines(outcome: Outcome, done: int, waiting: int, out: Path) -> Iterator[str]:
    rest = f", {waiting} not finished" if waiting else ""
    yield f"{done} done, {len(outcome.failures)} failed{rest}. Results are in {out}"
    if outcome.gone:
        yield f"{outcome.gone} that had failed before are no longer in the raw folder, and were left out."
    if outcome.without_gain:
        yield (
            f"{outcome.without_gain} were taken as gain-corrected: no metadata names a gain reference, nor was --gain "
            "given."
        )


def _failures(outcome: Outcome) -> Table:
    table = Table("Failed movie", "Why, and what to do", box=None)
    for exposure in outcome.failures[:_SHOWN_FAILURES]:
        problem = exposure.problem
        table.add_row(Text(exposure.name), Text(f"{problem.message} {problem.remedy}" if problem else ""))
    if len(outcome.failures) > _SHOWN_FAILURES:
        table.add_row("...", f"and {len(outcome.failures) - _SHOWN_FAILURES} more")
    return table
