"""Accounts, the identities linked to them, and the browsers signed in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from cloudlet.audit import Act, record
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.events import publish
from cloudlet.identity.events import SessionEnded, SessionStarted
from cloudlet.identity.links import account_of, add_link, make_account
from cloudlet.identity.models import Account, Actor, Identity, WebSession
from cloudlet.identity.require import require
from cloudlet.identity.rules import may_end_session, may_link
from cloudlet.identity.session_uses import SessionUses
from cloudlet.identity.sessions import (
    SessionTimes,
    digest_of,
    find_session,
    forget_old_sessions,
    is_use_noted,
)
from cloudlet.identity.settings import IdentitySettings
from cloudlet.identity.store import WebSessionRow

__all__ = ["Identities"]

SECRET_LENGTH = 128


class Identities:
    """Who people are here.

    Parameters
    ----------
    database
        Where the rows are.
    settings
        How long sessions last.
    clock
        Source of the present time.
    """

    def __init__(self, database: Database, settings: IdentitySettings, clock: Clock = utc_now) -> None:
        self._database = database
        self._times = SessionTimes(settings)
        self._clock = clock
        self._uses = SessionUses(database)

    def link(self, identity: Identity, account: Account, *, by: Actor, work: Session | None = None) -> None:
        """Let `identity` act as `account` from now on; the account is made where there is none of that name.

        Doing it again changes nothing.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not do this.
        AccountRefused
            The user name is not one.
        LinkRefused
            The identity acts as another account already; that is for a person to sort out, never for a program.
        """
        require(may_link(by))
        with self._database.write(work) as work:
            make_account(work, account, by=str(by), at=self._clock())
            add_link(work, identity, account.username, by=str(by), at=self._clock())

    def open_session(self, identity: Identity, name: str, secret: str, *, work: Session | None = None) -> WebSession:
        """Sign in the browser that holds `secret`, of 256 random bits, and that never held it before."""
        now = self._clock()
        with self._database.write(work) as work:
            forget_old_sessions(work, self._times, now)
            row = WebSessionRow(
                id=digest_of(secret),
                issuer=identity.issuer,
                subject=identity.subject,
                name=name,
                created_at=now,
                seen_at=now,
            )
            work.add(row)
            account = account_of(work, identity)
            record(work, _act("signed-in", row, _holder(row, account)))
            publish(work, SessionStarted(row.id))
            return WebSession(row.id, identity, name, account, self._times.end(row))

    def session(self, cookie_secret: str | None, *, is_use: bool = True) -> WebSession | None:
        """Return the live session of the browser that holds `cookie_secret`, and note where this is a use of it."""
        if cookie_secret is None or len(cookie_secret) > SECRET_LENGTH:
            return None
        session_id = digest_of(cookie_secret)
        return self.keep_alive(session_id) if is_use else self.session_by_id(session_id)

    def session_by_id(self, session_id: str) -> WebSession | None:
        """Return the session called `session_id` where it is live; this is no use of it."""
        with self._database.read() as work:
            return find_session(work, session_id, self._times, self._clock(), self._uses.seen_at(session_id))

    def keep_alive(self, session_id: str) -> WebSession | None:
        """Note that somebody uses the session, or what rests on it, and return it where it is live.

        It is written a moment later, or when the database can be written again: nobody waits for that.
        """
        now, seen_at = self._clock(), self._uses.seen_at(session_id)
        with self._database.read() as work:
            session = find_session(work, session_id, self._times, now, seen_at)
            if session is None or is_use_noted(work, session_id, now, seen_at):
                return session
            self._uses.note(session_id, now)
            return find_session(work, session_id, self._times, now, now)

    def end_session(self, session_id: str, *, by: Actor, work: Session | None = None) -> None:
        """End a session at once, whoever holds it; nothing happens where it has ended already.

        Parameters
        ----------
        session_id
            Its id, not its secret.
        by
            Who ends it: `WebSession.actor` is the person whose browser holds it.
        work
            The caller's unit of work.

        Raises
        ------
        cloudlet.web.Forbidden
            It is not theirs to end.
        """
        with self._database.write(work) as work:
            row = work.get(WebSessionRow, session_id)
            if row is None:
                return
            require(may_end_session(by, {row.identity.actor, _holder(row, account_of(work, row.identity))}))
            record(work, _act("signed-out", row, by))
            work.delete(row)
            publish(work, SessionEnded(session_id))


def _holder(row: WebSessionRow, account: Account | None) -> Actor:
    return row.identity.actor if account is None else account.actor


def _act(what: str, row: WebSessionRow, by: Actor) -> Act:
    facts = {"issuer": row.issuer, "subject": row.subject}
    return Act(str(by), f"identity.{what}", row.id, facts)
