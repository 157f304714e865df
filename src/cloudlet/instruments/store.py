"""The tables of instruments and instrument sessions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cloudlet.database import JsonObject, Table
from cloudlet.instruments.models import Instrument, InstrumentSession, Level

__all__ = ["InstrumentRow", "InstrumentSessionRow"]


class InstrumentRow(Table):
    """What people see of an instrument."""

    __tablename__ = "instrument"

    key: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    description: Mapped[str]

    def as_model(self) -> Instrument:
        """Return the row as others see it."""
        return Instrument(key=self.key, title=self.title, description=self.description)


class InstrumentSessionRow(Table):
    """A stretch of time on an instrument."""

    __tablename__ = "instrument_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument: Mapped[str] = mapped_column(ForeignKey("instrument.key"), index=True)
    title: Mapped[str]
    project: Mapped[str]
    raw_folder: Mapped[str]
    project_folder: Mapped[str]
    people: Mapped[JsonObject]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]

    def as_model(self) -> InstrumentSession:
        """Return the row as others see it."""
        return InstrumentSession(
            id=self.id,
            instrument=self.instrument,
            title=self.title,
            project=self.project,
            raw_folder=Path(self.raw_folder),
            project_folder=Path(self.project_folder),
            people={name: Level[level] for name, level in self.people.items()},
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )
