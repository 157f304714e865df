"""The audit table: rows can be added at its end and read; triggers refuse everything else."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sqlalchemy import DDL, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudlet.audit.models import Act, AuditRecord
from cloudlet.audit.triggers import TRIGGERS
from cloudlet.database import JsonObject, Table, now_in

__all__ = ["AuditRow", "read", "record", "verify"]

FIRST = "0" * 64


class AuditRow(Table):
    """One act; the digest chains it to the row before."""

    __tablename__ = "audit"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it so

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(index=True)
    what: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[JsonObject]
    previous: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]


for _dialect, _statements in TRIGGERS.items():
    for _statement in _statements:
        event.listen(AuditRow.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]


def record(work: Session, act: Act) -> None:
    """Add `act` to the record, in the unit of work that carries it out."""
    work.flush()
    previous = work.scalar(select(AuditRow.digest).order_by(AuditRow.id.desc()).limit(1)) or FIRST
    now = now_in(work)
    digest = _digest(previous, now, act)
    work.add(
        AuditRow(
            at=now,
            actor=act.actor,
            what=act.what,
            subject=act.subject,
            detail=act.detail,
            previous=previous,
            digest=digest,
        )
    )


def read(work: Session, *, subject: str | None = None, what: str | None = None, limit: int = 1000) -> list[AuditRecord]:
    """Return the newest records first, only those of `subject` or `what` where named."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    if what is not None:
        query = query.where(AuditRow.what == what)
    return [_as_record(row) for row in work.scalars(query)]


def verify(work: Session) -> int | None:
    """Return the id of the first record that does not follow from the one before it, None where all do."""
    previous = FIRST
    for row in work.scalars(select(AuditRow).order_by(AuditRow.id)):
        if row.previous != previous or row.digest != _digest(previous, row.at, _as_record(row).act):
            return row.id
        previous = row.digest
    return None


def _as_record(row: AuditRow) -> AuditRecord:
    act = Act(actor=row.actor, what=row.what, subject=row.subject, detail=row.detail)
    return AuditRecord(id=row.id, at=row.at, act=act, digest=row.digest)


def _digest(previous: str, at: datetime, act: Act) -> str:
    content = [previous, at.isoformat(), act.actor, act.what, act.subject, act.detail]
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, ensure_ascii=False).encode(errors="surrogatepass")
    ).hexdigest()
