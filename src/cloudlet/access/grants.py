"""Reading and writing grants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudlet.access.models import Grant
from cloudlet.access.rules import level_at
from cloudlet.access.store import GrantRow
from cloudlet.instruments import Level

__all__ = ["add", "end", "held_by", "levels_of"]


def add(work: Session, grant: Grant) -> bool:
    """Write `grant`; return False where the very same one stands already."""
    row = GrantRow(
        username=grant.username,
        instrument=grant.instrument,
        level=int(grant.level),
        not_before=grant.not_before,
        not_after=grant.not_after,
    )
    if grant in held_by(work, grant.username, grant.instrument):
        return False
    work.add(row)
    return True


def end(work: Session, username: str, instrument: str, now: datetime) -> int:
    """End everything that `username` may do with `instrument`, now and later; return how many grants that was."""
    standing = [row for row in _rows(work, username, instrument) if row.not_after is None or row.not_after > now]
    for row in standing:
        row.not_after = now
    return len(standing)


def held_by(work: Session, username: str, instrument: str) -> list[Grant]:
    """Return the grants of `username` on `instrument`, whether they hold now, held once or will."""
    return [row.as_model() for row in _rows(work, username, instrument)]


def levels_of(work: Session, username: str, now: datetime) -> dict[str, Level | None]:
    """Return the level of `username` at `now`, by the key of each instrument on which there ever was a grant."""
    by_instrument: dict[str, list[Grant]] = {}
    for row in work.scalars(select(GrantRow).where(GrantRow.username == username)):
        by_instrument.setdefault(row.instrument, []).append(row.as_model())
    return {instrument: level_at(grants, now) for instrument, grants in by_instrument.items()}


def _rows(work: Session, username: str, instrument: str) -> list[GrantRow]:
    query = select(GrantRow).where(GrantRow.username == username, GrantRow.instrument == instrument)
    return list(work.scalars(query))
