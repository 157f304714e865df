"""Web sessions: rows of signed-in browsers, found by the digest of their cookie."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from cloudlet.identity.links import account_of
from cloudlet.identity.models import WebSession
from cloudlet.identity.rules import session_end
from cloudlet.identity.settings import IdentitySettings
from cloudlet.identity.store import WebSessionRow

__all__ = ["SessionTimes", "digest_of", "find_session", "forget_old_sessions", "is_use_noted", "note_use"]

SEEN_EVERY = timedelta(minutes=1)


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a cookie's secret in hex: what is stored, and the session's id."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class SessionTimes:
    """How long sessions last.

    Parameters
    ----------
    settings
        The two limits.
    """

    def __init__(self, settings: IdentitySettings) -> None:
        self.idle = timedelta(minutes=settings.session_idle_minutes)
        self.longest = timedelta(hours=settings.session_longest_hours)

    def end(self, row: WebSessionRow, seen_at: datetime | None = None) -> datetime:
        """Return when `row` ends unless it is used before; it was used at `seen_at` too, where that is given."""
        last_use = row.seen_at if seen_at is None else max(row.seen_at, seen_at)
        return session_end(row.created_at, last_use, idle=self.idle, longest=self.longest)


def find_session(
    work: Session, session_id: str, times: SessionTimes, now: datetime, seen_at: datetime | None = None
) -> WebSession | None:
    """Return the session called `session_id` where it is live at `now`, with the account it acts as.

    `seen_at` is a use of it that is not written yet.
    """
    row = work.get(WebSessionRow, session_id)
    if row is None or times.end(row, seen_at) <= now:
        return None
    account = account_of(work, row.identity)
    return WebSession(
        id=row.id,
        identity=row.identity,
        name=row.name,
        account=account,
        expires_at=times.end(row, seen_at),
    )


def is_use_noted(work: Session, session_id: str, now: datetime, seen_at: datetime | None = None) -> bool:
    """Return whether the last use is so recent that another need not be written: one write a minute, not a request.

    `seen_at` is a use that is being written.
    """
    row = work.get(WebSessionRow, session_id)
    return row is not None and now - max(row.seen_at, seen_at or row.seen_at) < SEEN_EVERY


def note_use(work: Session, session_id: str, now: datetime) -> None:
    """Write that the session is used at `now`."""
    row = work.get(WebSessionRow, session_id)
    if row is not None and row.seen_at < now:
        row.seen_at = now


def forget_old_sessions(work: Session, times: SessionTimes, now: datetime) -> None:
    """Delete the sessions whose time is over."""
    is_over = or_(WebSessionRow.seen_at <= now - times.idle, WebSessionRow.created_at <= now - times.longest)
    work.execute(delete(WebSessionRow).where(is_over))
