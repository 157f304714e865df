"""``cloudlet simulate``: what the simulated microscope produces, without the microscope."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cloudlet.clock import Clock, utc_now
from cloudlet.errors import CloudletError
from cloudlet.testbed.models import CAMERAS, CameraModel, Dials

if TYPE_CHECKING:
    from cloudlet.testbed.camera import Camera
    from cloudlet.testbed.movies import MovieWriter

__all__ = ["simulate"]

simulate = typer.Typer(help="Make data as the simulated microscope does.", no_args_is_help=True)

DEFOCUS_RANGE_UM = (0.8, 2.2)
DEFOCUS_STREAM = 4
"""Keeps the drawn defocus apart from what the camera and the detector draw for the same movie (streams 0 to 3)."""


class TruthInside(CloudletError):
    """The truth would lie where the pipeline can see it."""

    slug = "truth-inside-raw"


class UnknownCamera(CloudletError):
    """There is no ready-made camera of that name."""

    slug = "unknown-camera"


class UnreadableSize(CloudletError):
    """A camera's size was not given as width x height."""

    slug = "unreadable-size"


@dataclass(frozen=True)
class Acquisition:
    """A series of movies."""

    count: int
    seed: int
    dials: Dials
    defocus_um: float | None
    """None: drawn anew for every movie."""

    def dials_of(self, number: int) -> Dials:
        """Return the dials of one movie; they depend on seed and number alone."""
        if self.defocus_um is not None:
            return self.dials
        import numpy as np

        sequence = np.random.SeedSequence([self.seed, number], spawn_key=(DEFOCUS_STREAM,))
        drawn = np.random.default_rng(sequence).uniform(*DEFOCUS_RANGE_UM)
        return replace(self.dials, target_defocus_um=round(float(drawn), 2))


@simulate.callback()
def group() -> None:
    """Make data as the simulated microscope does."""


@simulate.command()
def movies(
    out: Annotated[Path, typer.Argument(help="Raw folder; made if missing, gone on with if it holds movies.")],
    count: Annotated[int, typer.Option(min=1, help="How many movies to add.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same movies, bit for bit.")] = 1,
    defocus: Annotated[
        float | None, typer.Option(help="Target underfocus in µm; if not given, 0.8 to 2.2 µm, drawn per movie.")
    ] = None,
    frames: Annotated[int, typer.Option(help="Frames per movie.")] = Dials.frames,
    dose_per_frame: Annotated[float, typer.Option(help="Electrons per Å² and frame.")] = Dials.dose_per_frame,
    drift: Annotated[float, typer.Option(help="Factor of the stage's drift.")] = Dials.drift,
    ice: Annotated[float, typer.Option(help="Factor of the ice's thickness.")] = Dials.ice,
    camera: Annotated[str, typer.Option(help=f"Ready-made camera: {', '.join(CAMERAS)}.")] = "demo",
    pixels: Annotated[str | None, typer.Option(help="Another size, as WIDTHxHEIGHT, such as 3838x3710.")] = None,
    pixel_size: Annotated[float | None, typer.Option(help="Another pixel size in Å.")] = None,
    voltage: Annotated[float | None, typer.Option(help="Another voltage in kV.")] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Where to write what was true of each movie; OUT-truth if not given.")
    ] = None,
    grid: Annotated[str, typer.Option(help="What every movie's name begins with.")] = "GRID1",
) -> None:
    """Write raw movies, gain reference and metadata into OUT, and the truth beside it."""
    dials = Dials(
        target_defocus_um=Dials.target_defocus_um if defocus is None else defocus,
        frames=frames,
        dose_per_frame=dose_per_frame,
        drift=drift,
        ice=ice,
    )
    model = chosen_camera(camera, pixels, pixel_size, voltage)
    truths = truth_folder(out, truth)
    # Numerics take a second to import, and the rest of the command line does not need them.
    from cloudlet.testbed.camera import Camera
    from cloudlet.testbed.movies import MovieWriter

    taken_with = Camera(model, seed)
    writer = MovieWriter(out, truths, taken_with, grid=grid)
    write_all(taken_with, writer, Acquisition(count, seed, dials, defocus), Console(stderr=True))


def chosen_camera(name: str, pixels: str | None, pixel_size: float | None, voltage: float | None) -> CameraModel:
    """Return a ready-made camera with what was asked for changed.

    Raises
    ------
    UnknownCamera
        If there is none of that name.
    UnreadableSize
        If the size is not WIDTHxHEIGHT.
    ImpossibleCamera
        If there can be no such camera.
    """
    if name not in CAMERAS:
        raise UnknownCamera(f"There is no camera called {name}.", f"Choose one of {', '.join(CAMERAS)}.")
    model = CAMERAS[name]
    width, height = (model.width, model.height) if pixels is None else parsed_size(pixels)
    return replace(
        model,
        width=width,
        height=height,
        pixel_size_angstrom=model.pixel_size_angstrom if pixel_size is None else pixel_size,
        voltage_kv=model.voltage_kv if voltage is None else voltage,
    )


def parsed_size(text: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT, such as 3838x3710."""
    match = re.fullmatch(r"\s*(\d{1,6})\s*[x×X]\s*(\d{1,6})\s*", text)
    if match is None:
        raise UnreadableSize(f"{text!r} is not a camera's size.", "Write width x height in pixels, such as 1024x1024.")
    return int(match[1]), int(match[2])


def truth_folder(out: Path, asked: Path | None) -> Path:
    """Return where the truth goes.

    Raises
    ------
    TruthInside
        If that is the raw folder or inside of it.
    """
    raw = out.resolve()
    folder = raw.with_name(f"{raw.name}-truth") if asked is None else asked.resolve()
    if folder.is_relative_to(raw):
        raise TruthInside(
            f"The truth in {folder} would lie inside the raw folder {raw}.",
            "Choose a folder beside it with --truth.",
        )
    return folder


def write_all(
    camera: Camera, writer: MovieWriter, acquisition: Acquisition, console: Console, clock: Clock = utc_now
) -> None:
    """Take and write the movies after those that are there already, with a progress bar."""
    begin = writer.last_number() + 1
    numbers = range(begin, begin + acquisition.count)
    with progress(console) as bar:
        for number in bar.track(numbers, description="Movies"):
            movie = camera.expose(number, acquisition.dials_of(number))
            writer.write(movie, clock().astimezone())
    which = f"Movies {numbers[0]} to {numbers[-1]} are" if len(numbers) > 1 else f"Movie {numbers[0]} is"
    console.print(f"{which} in {writer.raw}, what was true in {writer.truths}.")


def progress(console: Console) -> Progress:
    """Return the bar that counts movies."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
