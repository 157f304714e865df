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
    "ConsoleSchema",
    "ExposureSchema",
    "InstrumentSchema",
    "ProblemSchema",
    "RunSchema",
    "Snapshot",
    "TicketSchema",
    "ViewerSchema",
    "VitalsSchema",
    "declaration_json",
]


class ProblemSchema(BaseModel):
    """Why something failed, and what to do."""

    slug: str
    message: str
    remedy: str

    @classmethod
    def of(cls, problem: Problem | None) -> ProblemSchema | None:
        """Return `problem` as its schema, None for none."""
        return None if problem is None else cls(**asdict(problem))


class ViewerSchema(BaseModel):
    """Somebody at the console."""

    username: str
    name: str
    since: datetime

    @classmethod
    def of(cls, viewer: Viewer) -> ViewerSchema:
        """Return `viewer` as its schema."""
        return cls(username=viewer.username, name=viewer.display_name, since=viewer.since)


class ConsoleSchema(BaseModel):
    """Who is at an instrument's console."""

    operator: ViewerSchema | None
    observers: list[ViewerSchema]
    is_reachable: bool | None
    problem: str | None

    @classmethod
    def visible(cls, state: ConsoleState | None) -> ConsoleSchema | None:
        """Return `state` as its schema, None for none."""
        return None if state is None else cls.of(state)

    @classmethod
    def of(cls, state: ConsoleState) -> ConsoleSchema:
        """Return `state` as its schema."""
        return cls(
            operator=None if state.operator is None else ViewerSchema.of(state.operator),
            observers=[ViewerSchema.of(viewer) for viewer in state.observers],
            is_reachable=state.is_reachable,
            problem=state.problem,
        )


class InstrumentSchema(BaseModel):
    """An instrument as somebody who may use it sees it."""

    key: str
    title: str
    description: str
    level: str | None
    may_operate: bool
    console: ConsoleSchema
    run: int | None
    """Number of the run whose results the person may view now."""

    @classmethod
    def of(
        cls, instrument: Instrument, level: Level | None, console: ConsoleState, run: Run | None
    ) -> InstrumentSchema:
        """Return what one person sees of `instrument`."""
        return cls(
            **asdict(instrument),
            level=None if level is None else level.title,
            may_operate=may_operate(level),
            console=ConsoleSchema.of(console),
            run=None if run is None else run.id,
        )


class TicketSchema(BaseModel):
    """The way to a console: used once, within seconds."""

    url: str
    subprotocols: list[str]
    level: str
    may_operate: bool
    issued_at: datetime
    """Control that was taken before this is another window's."""


class RunSchema(BaseModel):
    """A run, as its page follows it."""

    id: int
    instrument: str
    started_at: datetime
    scanned_at: datetime | None
    problem: ProblemSchema | None

    @classmethod
    def of(cls, run: Run) -> RunSchema:
        """Return `run` as its schema."""
        return cls(
            id=run.id,
            instrument=run.instrument,
            started_at=run.started_at,
            scanned_at=run.scanned_at,
            problem=ProblemSchema.of(run.problem),
        )


class VitalsSchema(BaseModel):
    """How a run is doing, at the instant `now`."""

    now: datetime
    counts: dict[str, int]
    lag_seconds: float | None
    per_hour: float | None
    newest_result_at: datetime | None

    @classmethod
    def of(cls, vitals: Vitals, now: datetime) -> VitalsSchema:
        """Return `vitals` with a count for every state."""
        return cls(
            now=now,
            counts={state.value: vitals.counts.get(state, 0) for state in ExposureState},
            lag_seconds=vitals.lag_seconds,
            per_hour=vitals.per_hour,
            newest_result_at=vitals.newest_result_at,
        )


class ExposureSchema(BaseModel):
    """One exposure with its numbers and the addresses of its pictures."""

    id: int
    change: int
    name: str
    state: ExposureState
    written_at: datetime
    finished_at: datetime | None
    size_bytes: int
    attempts: int
    problem: ProblemSchema | None
    values: dict[str, float]
    images: dict[str, str]

    @classmethod
    def of(cls, exposure: Exposure) -> ExposureSchema:
        """Return `exposure` as its schema; values that are no numbers are left out."""
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
            problem=ProblemSchema.of(exposure.problem),
            values={key: value for key, value in measured.items() if isfinite(value)},
            images={key: f"/exposures/{exposure.id}/images/{key}?v={exposure.change}" for key in images},
        )


class Snapshot(BaseModel):
    """Everything that changed in a run since a cursor; the next question starts at `cursor`."""

    run: RunSchema
    declaration: dict[str, Any]
    vitals: VitalsSchema
    console: ConsoleSchema | None
    """None where the person may not see the instrument any more."""
    may_retry: bool
    """Whether the person may have failed exposures of the run tried again."""
    exposures: list[ExposureSchema]
    cursor: int
    is_complete: bool
    """False where more changes wait behind `cursor`."""


def declaration_json(declaration: Declaration) -> dict[str, Any]:
    """Return what a workload declares, as JSON."""
    return asdict(declaration)
