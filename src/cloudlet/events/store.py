"""The event table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudlet.database import JsonObject, Table, now_in
from cloudlet.events.models import Event, StoredEvent

__all__ = ["EventRow", "latest", "publish", "read_after"]


class EventRow(Table):
    """One event; never changed after it was written."""

    __tablename__ = "event"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it so

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    data: Mapped[JsonObject]


def publish(work: Session, *events: Event) -> None:
    """Write `events` in the unit of work `work`; they are seen when it commits, and only then."""
    now = now_in(work)
    for event in events:
        data = asdict(event)
        subject = data.pop("subject")
        work.add(EventRow(at=now, kind=event.kind, subject=subject, data=data))


def read_after(work: Session, cursor: int, *, kinds: Sequence[str] = (), limit: int = 1000) -> list[StoredEvent]:
    """Return at most `limit` events with an id above `cursor`, oldest first; only `kinds` where any are named."""
    query = select(EventRow).where(EventRow.id > cursor).order_by(EventRow.id).limit(limit)
    if kinds:
        query = query.where(EventRow.kind.in_(kinds))
    return [
        StoredEvent(id=row.id, at=row.at, kind=row.kind, subject=row.subject, data=row.data)
        for row in work.scalars(query)
    ]


def latest(work: Session) -> int:
    """Return the id of the newest event, 0 when there is none."""
    return work.scalar(select(func.max(EventRow.id))) or 0
