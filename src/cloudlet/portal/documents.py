"""What pages and programs get as JSON: the services' models, without folders and without secrets."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any

from pydantic import BaseModel

from cloudlet.access import ConsoleState, Viewer, may_operate
from cloudlet.analytics import Declaration, Exposure, ExposureState, Problem, Run, Vitals
from cloudlet.instruments import Instrument, Level

__all__ = [
    "ConsoleDocument",
    "ExposureDocument",
    "InstrumentDocument",
    "ProblemDocument",
    "RunDocument",
    "Snapshot",
    "TicketDocument",
    "ViewerDocument",
    "VitalsDocument",
    "declaration_document",
]


class ProblemDocument(BaseModel):
    """Why something failed, and what to do."""

    slug: str
    message: str
    remedy: str

    @classmethod
    def of(cls, problem: Problem | None) -> ProblemDocument | None:
        """Return `problem` as a document, None for none."""
        return None if problem is None else cls(**asdict(problem))


class ViewerDocument(BaseModel):
    """Somebody at the console."""

    username: str
    name: str
    since: datetime

    @classmethod
    def of(cls, viewer: Viewer) -> ViewerDocument:
        """Return `viewer` as a document."""
        return cls(username=viewer.username, name=viewer.display_name, since=viewer.since)


class ConsoleDocument(BaseModel):
    """Who is at an instrument's console."""

    operator: ViewerDocument | None
    observers: list[ViewerDocument]
    is_reachable: bool | None
    problem: str | None

    @classmethod
    def seen(cls, state: ConsoleState | None) -> ConsoleDocument | None:
        """Return `state` as a document, None for none."""
        return None if state is None else cls.of(state)

    @classmethod
    def of(cls, state: ConsoleState) -> ConsoleDocument:
        """Return `state` as a document."""
        return cls(
            operator=None if state.operator is None else ViewerDocument.of(state.operator),
            observers=[ViewerDocument.of(viewer) for viewer in state.observers],
            is_reachable=state.is_reachable,
            problem=state.problem,
        )


class InstrumentDocument(BaseModel):
    """An instrument as somebody who may use it sees it."""

    key: str
    title: str
    description: str
    level: str | None
    may_operate: bool
    console: ConsoleDocument
    run: int | None
    """Number of the run whose results the person may view now."""

    @classmethod
    def of(
        cls, instrument: Instrument, level: Level | None, console: ConsoleState, run: Run | None
    ) -> InstrumentDocument:
        """Return what one person sees of `instrument`."""
        return cls(
            **asdict(instrument),
            level=None if level is None else level.title,
            may_operate=may_operate(level),
            console=ConsoleDocument.of(console),
            run=None if run is None else run.id,
        )


class TicketDocument(BaseModel):
    """The way to a console: used once, within seconds."""

    url: str
    subprotocols: list[str]
    level: str
    may_operate: bool
    issued_at: datetime
    """Control that was taken before this is another window's."""


class RunDocument(BaseModel):
    """A run, as its page follows it."""

    id: int
    instrument: str
    started_at: datetime
    looked_at: datetime | None
    problem: ProblemDocument | None

    @classmethod
    def of(cls, run: Run) -> RunDocument:
        """Return `run` as a document."""
        return cls(
            id=run.id,
            instrument=run.instrument,
            started_at=run.started_at,
            looked_at=run.looked_at,
            problem=ProblemDocument.of(run.problem),
        )


class VitalsDocument(BaseModel):
    """How a run is doing, at the instant `now`."""

    now: datetime
    counts: dict[str, int]
    lag_seconds: float | None
    per_hour: float | None
    newest_result_at: datetime | None

    @classmethod
    def of(cls, vitals: Vitals, now: datetime) -> VitalsDocument:
        """Return `vitals` with a count for every state."""
        return cls(
            now=now,
            counts={state.value: vitals.counts.get(state, 0) for state in ExposureState},
            lag_seconds=vitals.lag_seconds,
            per_hour=vitals.per_hour,
            newest_result_at=vitals.newest_result_at,
        )


class ExposureDocument(BaseModel):
    """One exposure with its numbers and the addresses of its pictures."""

    id: int
    change: int
    name: str
    state: ExposureState
    written_at: datetime
    finished_at: datetime | None
    size_bytes: int
    attempts: int
    problem: ProblemDocument | None
    values: dict[str, float]
    images: dict[str, str]

    @classmethod
    def of(cls, exposure: Exposure) -> ExposureDocument:
        """Return `exposure` as a document; values that are no numbers are left out."""
        results = exposure.results
        measured = {} if results is None else results.measurements
        images = {} if results is None else results.images
        return cls(
            id=exposure.id,
            change=exposure.change,
            name=exposure.name,
            state=exposure.state,
            written_at=exposure.written_at,
            finished_at=exposure.finished_at,
            size_bytes=exposure.size_bytes,
            attempts=exposure.attempts,
            problem=ProblemDocument.of(exposure.problem),
            values={key: value for key, value in measured.items() if isfinite(value)},
            images={key: f"/exposures/{exposure.id}/images/{key}?v={exposure.change}" for key in images},
        )


class Snapshot(BaseModel):
    """Everything that changed in a run since a cursor; the next question starts at `cursor`."""

    run: RunDocument
    declaration: dict[str, Any]
    vitals: VitalsDocument
    console: ConsoleDocument | None
    """None where the person may not see the instrument any more."""
    may_retry: bool
    """Whether the person may have failed exposures of the run tried again."""
    exposures: list[ExposureDocument]
    cursor: int
    is_complete: bool
    """False where more changes wait behind `cursor`."""


def declaration_document(declaration: Declaration) -> dict[str, Any]:
    """Return what a workload declares, as JSON."""
    return asdict(declaration)
