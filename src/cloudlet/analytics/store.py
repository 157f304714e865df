"""The tables of runs and exposures, and how their JSON becomes models again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudlet.analytics.events import ExposureStateChanged
from cloudlet.analytics.models import (
    Declaration,
    Exposure,
    ExposureState,
    Figure,
    ImageKind,
    Problem,
    Results,
    Run,
    Stage,
)
from cloudlet.analytics.rules import FileStamp
from cloudlet.database import JsonObject, Table
from cloudlet.events import publish

__all__ = ["ExposureRow", "RunRow", "move", "written_at"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


class RunRow(Table):
    """The processing of one raw folder by one workload."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("instrument_session.id"), unique=True)
    instrument: Mapped[str] = mapped_column(index=True)
    raw_folder: Mapped[str]
    project_folder: Mapped[str]
    declaration: Mapped[JsonObject]
    settings: Mapped[JsonObject]
    started_at: Mapped[datetime]
    scanned_at: Mapped[datetime | None]
    problem: Mapped[JsonObject | None]

    def as_model(self) -> Run:
        """Return the row as others see it."""
        return Run(
            id=self.id,
            session_id=self.session_id,
            instrument=self.instrument,
            raw_folder=Path(self.raw_folder),
            project_folder=Path(self.project_folder),
            declaration=_declaration(self.declaration),
            settings=self.settings,
            started_at=self.started_at,
            scanned_at=self.scanned_at,
            problem=_problem(self.problem),
        )


class ExposureRow(Table):
    """One exposure: the truth about where it stands."""

    __tablename__ = "exposure"
    __table_args__ = (
        UniqueConstraint("run_id", "name"),
        Index("ix_exposure_state", "run_id", "state", "waiting_since"),
        Index("ix_exposure_change", "run_id", "change"),
        Index("ix_exposure_finished", "run_id", "finished_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    name: Mapped[str]
    state: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    """The file's modification time as the file system gives it, to tell any change."""
    written_at: Mapped[datetime]
    waiting_since: Mapped[datetime]
    """From when its lag counts: when it was written, or when somebody asked for another try."""
    problem: Mapped[JsonObject | None]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    losses: Mapped[int] = mapped_column(default=0)
    """How many workers were lost over it since it was queued anew."""
    token: Mapped[str | None]
    """Names the attempt under way; only its holder may store an outcome."""
    results: Mapped[JsonObject | None]
    change: Mapped[int] = mapped_column(BigInteger, default=0)

    @property
    def stamp(self) -> FileStamp:
        """The file as it was last seen."""
        return FileStamp(self.size_bytes, self.modified_ns)

    def as_model(self) -> Exposure:
        """Return the row as others see it."""
        return Exposure(
            id=self.id,
            run_id=self.run_id,
            name=self.name,
            state=ExposureState(self.state),
            size_bytes=self.size_bytes,
            written_at=self.written_at,
            problem=_problem(self.problem),
            finished_at=self.finished_at,
            attempts=self.attempts,
            results=None if self.results is None else Results(**self.results),
            change=self.change,
        )


def move(work: Session, moves: Mapping[ExposureRow, ExposureState]) -> None:
    """Put each row into its new state with its event, in the unit of work `work`.

    A row's change number is the number of its event, so it grows with every change of any exposure.
    """
    for row, state in moves.items():
        row.state = state
    work.add_all(moves)
    work.flush()
    news = (
        ExposureStateChanged(str(row.run_id), exposure_id=row.id, state=state.value) for row, state in moves.items()
    )
    for row, number in zip(moves, publish(work, *news), strict=True):
        row.change = number


def written_at(stamp: FileStamp) -> datetime:
    """Return a file's modification time as an instant; one beyond the calendar becomes its edge."""
    try:
        return _EPOCH + timedelta(microseconds=stamp.modified_ns // 1000)
    except OverflowError:
        return _LATEST if stamp.modified_ns > 0 else _EPOCH


def _problem(record: JsonObject | None) -> Problem | None:
    return None if record is None else Problem(**record)


def _declaration(record: dict[str, Any]) -> Declaration:
    parts = {
        "figures": tuple(Figure(**figure) for figure in record["figures"]),
        "images": tuple(ImageKind(**image) for image in record["images"]),
        "stages": tuple(Stage(**stage) for stage in record["stages"]),
    }
    return Declaration(**{**record, **parts})
