"""What a workload declares, and what a run knows of its exposures.

Nothing here knows any particular kind of exposure: figures, images and stages are declarations, stored with the
run, so that database, pages and commands can show the results of a workload they have never seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

__all__ = [
    "WAITING",
    "Declaration",
    "Exposure",
    "ExposureState",
    "ExposureTask",
    "Figure",
    "ImageKind",
    "Problem",
    "Readiness",
    "Results",
    "Run",
    "Stage",
    "Vitals",
    "Workload",
]


@dataclass(frozen=True)
class Figure:
    """A number that is measured for every exposure."""

    key: str
    title: str
    unit: str
    """As printed behind the number, ``""`` for a bare number."""
    digits: int
    """Digits after the decimal point that make sense to a reader."""
    description: str
    """One sentence: what it says, and what to do when it is bad."""
    threshold: float | None = None
    """The value beyond which an exposure is not worth keeping."""
    bad_side: Literal["above", "below"] = "above"
    target: str | None = None
    """The key of another figure that this one should follow; drawn as a line."""
    is_vital: bool = False
    """Whether it belongs among the few that are watched at three in the morning."""


@dataclass(frozen=True)
class ImageKind:
    """A picture that is made of every exposure, with row 0 of the file at the top."""

    key: str
    title: str
    description: str
    small_of: str | None = None
    """The key of the picture that this one is a small copy of: the copy stands in lists, the other opens large."""


@dataclass(frozen=True)
class Stage:
    """A step of an exposure's processing, for progress and timing."""

    key: str
    title: str


@dataclass(frozen=True)
class Declaration:
    """Everything that others may know of a workload."""

    key: str
    title: str
    exposure: str
    """What one exposure is called, singular, lower case."""
    exposures: str
    """The same in plural."""
    figures: Sequence[Figure]
    images: Sequence[ImageKind]
    """In the order of their importance; small copies where they like."""
    stages: Sequence[Stage]


@dataclass(frozen=True)
class Problem:
    """Why an exposure or a folder cannot be used, in words for the researcher."""

    slug: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Readiness:
    """Whether an exposure file that has stood still is all there."""

    is_complete: bool
    problem: Problem | None = None
    """What is missing, or what is wrong; None when complete."""
    is_final: bool = False
    """True where waiting cannot help (the file is no exposure at all): it is failed at once."""


@dataclass(frozen=True)
class ExposureTask:
    """All that a worker needs to process one exposure; picklable."""

    path: Path
    project_folder: Path
    settings: Mapping[str, Any]
    """The run's workload settings, as JSON."""


@dataclass(frozen=True)
class Results:
    """What one exposure gave; picklable."""

    measurements: Mapping[str, float]
    """Figure key to value in the figure's unit; a figure that could not be measured is absent."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Image key to path relative to the project folder."""
    products: Mapping[str, str] = field(default_factory=dict)
    """Product key to path relative to the project folder."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Stage key to wall seconds."""


class Workload(Protocol):
    """A kind of exposure and what is done with it; found by entry point ``cloudlet.workloads``.

    Importing a workload must be cheap: numerics are imported in `process`, in the worker.
    """

    @property
    def declaration(self) -> Declaration:
        """What others may know."""
        ...

    @property
    def product_folders(self) -> Sequence[str]:
        """The folders that `process` writes into, relative to the project folder."""
        ...

    def product_key(self, name: str) -> str:
        """Return the same key for two names of exposures whose products would meet under one name."""
        ...

    def check_settings(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `settings` completed with defaults.

        Raises
        ------
        cloudlet.errors.CloudletError
            A key is unknown or a value makes no sense.
        """
        ...

    def named_files(self, settings: Mapping[str, Any]) -> Sequence[Path]:
        """Return the files that checked `settings` name, for them to be tried before the first exposure."""
        ...

    def is_exposure(self, name: str) -> bool:
        """Return from a file's name alone whether it is an exposure (not metadata, not a reference)."""
        ...

    def readiness(self, path: Path, settings: Mapping[str, Any]) -> Readiness:
        """Look into a file that has stood still; reads as little as it can; never raises for bad files."""
        ...

    def process(self, task: ExposureTask) -> Results:
        """Process one exposure; runs in a worker; may run twice for one exposure with the same outcome.

        Raises
        ------
        cloudlet.errors.CloudletError
            This exposure cannot be processed; the sentence is shown, and it is marked failed.
        """
        ...

    def collect(self, project_folder: Path, done: Sequence[tuple[str, Results]]) -> None:
        """Write the collection files of a run (name of exposure, results), afresh and renamed into place."""
        ...


class ExposureState(StrEnum):
    """Where an exposure stands."""

    ARRIVING = "arriving"
    """Still growing, or not yet all there."""
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


WAITING = (ExposureState.ARRIVING, ExposureState.QUEUED, ExposureState.RUNNING)
"""Where something is still to come."""


@dataclass(frozen=True)
class Exposure:
    """One exposure of a run: one row, whatever happens."""

    id: int
    run_id: int
    name: str
    """File name within the raw folder."""
    state: ExposureState
    size_bytes: int
    written_at: datetime
    """The file's last modification: when the camera had finished it."""
    problem: Problem | None
    finished_at: datetime | None
    """When the result was stored, or the failure."""
    attempts: int
    results: Results | None
    change: int = 0
    """Grows with every change of any exposure: what is above a page's number is new to it."""


@dataclass(frozen=True)
class Run:
    """The live processing of one instrument session's exposures by one workload."""

    id: int
    session_id: int | None
    """The instrument session, None for a run started from the command line."""
    instrument: str
    raw_folder: Path
    project_folder: Path
    declaration: Declaration
    settings: Mapping[str, Any]
    started_at: datetime
    scanned_at: datetime | None
    """When the raw folder was last looked at with success."""
    problem: Problem | None
    """Why the raw folder cannot be read now."""


@dataclass(frozen=True)
class Vitals:
    """How a run is doing, in numbers that change with time."""

    counts: Mapping[ExposureState, int]
    lag_seconds: float | None
    """From the camera's finishing an exposure to its result: the newest result's, or the age of the oldest
    exposure still waiting where that is more; None before the first."""
    per_hour: float | None
    """Rate of results over the last ten minutes; None with fewer than two."""
    newest_result_at: datetime | None
