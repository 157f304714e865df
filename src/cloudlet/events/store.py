"""The event table, and how far its old end was pruned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudlet.database import JsonObject, Table, now_in
from cloudlet.events.models import Event, EventsMissed, StoredEvent

__all__ = ["EventRow", "PruningRow", "latest", "publish", "read_after"]


class EventRow(Table):
    """One event; never changed after it was written."""

    __tablename__ = "event"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it so

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    data: Mapped[JsonObject]


class PruningRow(Table):
    """How far the table was pruned; one row, none before the first time."""

    __tablename__ = "event_pruning"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    through: Mapped[int]
    """The id of the newest event that was deleted: gaps alone would not tell, because ids that were rolled back leave
    some too."""


def publish(work: Session, *events: Event) -> list[int]:
    """Write `events` in the unit of work `work`, and return their ids; they are seen when it commits, and only then."""
    now = now_in(work)
    rows = []
    for event in events:
        data = asdict(event)
        subject = data.pop("subject")
        rows.append(EventRow(at=now, kind=event.kind, subject=subject, data=data))
    work.add_all(rows)
    work.flush()
    return [row.id for row in rows]


def read_after(work: Session, cursor: int, *, kinds: Sequence[str] = (), limit: int = 1000) -> list[StoredEvent]:
    """Return at most `limit` events with an id above `cursor`, oldest first; only `kinds` where any are named.

    Raises
    ------
    EventsMissed
        Events behind `cursor` were pruned: read the present state afresh, and go on from `latest`.
    """
    if cursor < _pruned_through(work):
        raise EventsMissed
    query = select(EventRow).where(EventRow.id > cursor).order_by(EventRow.id).limit(limit)
    if kinds:
        query = query.where(EventRow.kind.in_(kinds))
    return [
        StoredEvent(id=row.id, at=row.at, kind=row.kind, subject=row.subject, data=row.data)
        for row in work.scalars(query)
    ]


def latest(work: Session) -> int:
    """Return the id of the newest event there ever was, 0 where there was none."""
    return max(work.scalar(select(func.max(EventRow.id))) or 0, _pruned_through(work))


def _pruned_through(work: Session) -> int:
    return work.scalar(select(PruningRow.through)) or 0
