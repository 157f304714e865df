"""What can be done with instruments and their sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cloudlet.audit import Act, record
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.events import publish
from cloudlet.identity import Actor, require
from cloudlet.instruments.events import InstrumentRegistered, SessionOpened
from cloudlet.instruments.models import Instrument, InstrumentSession, Level
from cloudlet.instruments.rules import may_administer, may_view_results
from cloudlet.instruments.store import InstrumentRow, InstrumentSessionRow

__all__ = ["Instruments"]


class Instruments:
    """The registry of instruments and the sessions held on them.

    Parameters
    ----------
    database
        Where the rows are.
    clock
        Source of the present time.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def register(self, instrument: Instrument, *, by: Actor, work: Session | None = None) -> None:
        """Add `instrument`, or change what people see of it.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not do this.
        """
        require(may_administer(by))
        with self._database.write(work) as work:
            row = work.get(InstrumentRow, instrument.key)
            if row is not None and row.as_model() == instrument:
                return
            work.merge(InstrumentRow(key=instrument.key, title=instrument.title, description=instrument.description))
            record(work, Act(str(by), "instruments.registered", instrument.key, {"title": instrument.title}))
            publish(work, InstrumentRegistered(instrument.key))

    def all(self, *, work: Session | None = None) -> list[Instrument]:
        """Return every instrument, by title; `cloudlet.access`, which has the grants, decides who may see which."""
        with self._database.read(work) as work:
            rows = work.scalars(select(InstrumentRow).order_by(InstrumentRow.title))
            return [row.as_model() for row in rows]

    def get(self, key: str, *, work: Session | None = None) -> Instrument | None:
        """Return the instrument called `key`, None where there is none."""
        with self._database.read(work) as work:
            row = work.get(InstrumentRow, key)
            return None if row is None else row.as_model()

    def open_session(
        self,
        instrument: str,
        *,
        title: str,
        project: str,
        raw_folder: Path,
        project_folder: Path,
        people: Mapping[str, Level],
        starts_at: datetime,
        ends_at: datetime | None,
        by: Actor,
        work: Session | None = None,
    ) -> InstrumentSession:
        """Write an instrument session; runs and pages read it from now on.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not do this.
        """
        require(may_administer(by))
        with self._database.write(work) as work:
            row = InstrumentSessionRow(
                instrument=instrument,
                title=title,
                project=project,
                raw_folder=str(raw_folder),
                project_folder=str(project_folder),
                people={name: level.name for name, level in people.items()},
                starts_at=starts_at,
                ends_at=ends_at,
            )
            work.add(row)
            work.flush()
            levels = {name: level.title for name, level in people.items()}
            detail = {"session": row.id, "title": title, "project": project, "people": levels}
            record(work, Act(str(by), "instruments.session-opened", instrument, detail))
            publish(work, SessionOpened(instrument, session_id=row.id))
            return row.as_model()

    def session(self, session_id: int, *, work: Session | None = None) -> InstrumentSession | None:
        """Return one session by its number."""
        with self._database.read(work) as work:
            row = work.get(InstrumentSessionRow, session_id)
            return None if row is None else row.as_model()

    def current_session(self, instrument: str, *, by: Actor) -> InstrumentSession | None:
        """Return the newest current session on `instrument` whose results `by` may view, None without one."""
        sessions = self.current_sessions(instrument)
        return next((session for session in sessions if may_view_results(by, session)), None)

    def current_sessions(self, instrument: str | None = None) -> list[InstrumentSession]:
        """Return the sessions held at this moment, newest first; of one instrument where it is named."""
        now = self._clock()
        query = (
            select(InstrumentSessionRow)
            .where(InstrumentSessionRow.starts_at <= now)
            .where(or_(InstrumentSessionRow.ends_at.is_(None), InstrumentSessionRow.ends_at > now))
            .order_by(InstrumentSessionRow.starts_at.desc(), InstrumentSessionRow.id.desc())
        )
        if instrument is not None:
            query = query.where(InstrumentSessionRow.instrument == instrument)
        with self._database.read() as work:
            return [row.as_model() for row in work.scalars(query)]
