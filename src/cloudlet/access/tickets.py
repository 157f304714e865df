"""One-time tickets: made for a web session, kept as a digest, gone when they are shown once.

A ticket has 256 random bits and lives for half a minute, enough for a page to open a socket over a bad line.
The browser offers it as a WebSocket subprotocol, because a browser cannot set headers there and addresses end
up in logs and histories.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from cloudlet.access.store import TicketRow
from cloudlet.identity import Account

__all__ = ["PROTOCOL", "is_known", "issue", "offered_ticket", "spend", "subprotocols"]

PROTOCOL = "rfb.cloudlet"
"""The subprotocol that the gateway selects."""

TICKET_PREFIX = "ticket."
TICKET_BYTES = 32
LIFETIME = timedelta(seconds=30)


def issue(work: Session, account: Account, web_session: str, instrument: str, now: datetime) -> str:
    """Write a ticket and return its secret, which is known to nobody afterwards; clear out old ones."""
    work.execute(delete(TicketRow).where(TicketRow.expires_at <= now))
    secret = secrets.token_urlsafe(TICKET_BYTES)
    work.add(
        TicketRow(
            digest=_digest(secret),
            username=account.username,
            display_name=account.display_name,
            instrument=instrument,
            web_session=web_session,
            expires_at=now + LIFETIME,
        )
    )
    return secret


def is_known(work: Session, secret: str) -> bool:
    """Return whether the ticket is in the table; only `spend` tells who may use it."""
    return work.get(TicketRow, _digest(secret)) is not None


def spend(work: Session, secret: str) -> TicketRow | None:
    """Take the ticket out of the table, so that nobody can show it again; None where it is not there."""
    return work.scalar(delete(TicketRow).where(TicketRow.digest == _digest(secret)).returning(TicketRow))


def subprotocols(secret: str) -> tuple[str, str]:
    """Return what a page offers when it opens the socket."""
    return (PROTOCOL, TICKET_PREFIX + secret)


def offered_ticket(offered: Sequence[str]) -> str | None:
    """Return the ticket among the `offered` subprotocols, None unless they are exactly ours."""
    tickets = [name.removeprefix(TICKET_PREFIX) for name in offered if name.startswith(TICKET_PREFIX)]
    if PROTOCOL not in offered or len(tickets) != 1:
        return None
    return tickets[0]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
