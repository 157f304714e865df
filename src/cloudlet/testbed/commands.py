"""What the testbed adds to the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloudlet.testbed.simulate import simulate

__all__ = ["demo", "simulate"]


def demo(
    data: Annotated[
        Path | None, typer.Option(help="Keep everything in this folder, and carry on from it at the next start.")
    ] = None,
    cadence: Annotated[float, typer.Option(help="Seconds from one movie to the next.", min=1.0)] = 5.0,
    planned: Annotated[int, typer.Option(help="Movies in an acquisition.", min=1)] = 400,
) -> None:
    """Start a whole cloudlet with a simulated microscope on this machine, and print the link to it."""
    from cloudlet.testbed.demo import run_demo

    run_demo(data, cadence_seconds=cadence, planned_movies=planned)
