"""Reading and writing grants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cloudlet.access.models import Grant
from cloudlet.access.rules import level_at
from cloudlet.access.store import GrantRow
from cloudlet.instruments import Level

__all__ = ["add", "end", "instruments_of", "level_of"]


def add(work: Session, grant: Grant) -> bool:
    """Write `grant`; return False where the very same one stands already."""
    row = GrantRow(
        username=grant.username,
        instrument=grant.instrument,
        level=int(grant.level),
        not_before=grant.not_before,
        not_after=grant.not_after,
    )
    if grant in [known.as_model() for known in _rows(work, grant.username, grant.instrument)]:
        return False
    work.add(row)
    return True


def end(work: Session, username: str, instrument: str, now: datetime) -> int:
    """End everything that `username` may do with `instrument`, now and later; return how many grants that was."""
    standing = [row for row in _rows(work, username, instrument) if row.not_after is None or row.not_after > now]
    for row in standing:
        row.not_after = now
    return len(standing)


def level_of(work: Session, username: str, instrument: str, now: datetime) -> Level | None:
    """Return the level of `username` on `instrument` at `now`, None where there is none."""
    return level_at((row.as_model() for row in _rows(work, username, instrument)), now)


def instruments_of(work: Session, username: str, now: datetime) -> set[str]:
    """Return the keys of the instruments on which `username` has a grant at `now`."""
    query = (
        select(GrantRow.instrument)
        .where(GrantRow.username == username, GrantRow.not_before <= now)
        .where(or_(GrantRow.not_after.is_(None), GrantRow.not_after > now))
    )
    return set(work.scalars(query))


def _rows(work: Session, username: str, instrument: str) -> list[GrantRow]:
    query = select(GrantRow).where(GrantRow.username == username, GrantRow.instrument == instrument)
    return list(work.scalars(query))
