"""Sign-ins under way: each belongs to one browser and one provider, and comes back once.

Theory of operation: `begin` writes a row under the digest of a random state; `take` deletes it with whatever
answer claims that state, right or wrong, so that a state which leaked is burnt. Rows older than ten minutes
are worth nothing, and never more than 10,000 are kept: strangers may begin as many sign-ins as they like.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cloudlet.identity.store import SignInRow

__all__ = ["LONGEST_SIGN_IN", "add_attempt", "is_too_late", "take_attempt"]

LONGEST_SIGN_IN = timedelta(minutes=10)
"""Time to type a password, find the phone and confirm."""
ATTEMPT_LIMIT = 10_000


def add_attempt(work: Session, attempt: SignInRow) -> None:
    """Write `attempt`, and forget those that are too old or too many."""
    oldest = attempt.created_at - LONGEST_SIGN_IN
    newest_first = select(SignInRow.created_at).order_by(SignInRow.created_at.desc())
    surplus = work.scalar(newest_first.offset(ATTEMPT_LIMIT - 1).limit(1))
    threshold = oldest if surplus is None else max(oldest, surplus)
    work.execute(delete(SignInRow).where(SignInRow.created_at <= threshold))
    work.add(attempt)


def take_attempt(work: Session, state_digest: str) -> SignInRow | None:
    """Return the sign-in of that state and delete it, None where there is none."""
    row = work.get(SignInRow, state_digest)
    if row is not None:
        work.delete(row)
        work.flush()
    return row


def is_too_late(attempt: SignInRow, now: datetime) -> bool:
    """Tell whether `attempt` has taken longer than anybody needs."""
    return now - attempt.created_at >= LONGEST_SIGN_IN
