"""Who may use which console, and the tickets that lead there."""

from __future__ import annotations

from sqlalchemy.orm import Session

from cloudlet.access import grants, tickets
from cloudlet.access.errors import TicketRefused
from cloudlet.access.events import GrantChanged
from cloudlet.access.models import Authorization, ConsoleState, Grant, Ticket
from cloudlet.access.presence_store import state_of
from cloudlet.access.rules import may_grant, may_open_console, may_see
from cloudlet.access.settings import AccessSettings
from cloudlet.access.store import TicketRow
from cloudlet.audit import Act, record
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.errors import CloudletError
from cloudlet.events import publish
from cloudlet.identity import Actor, Decision, WebSession, require
from cloudlet.instruments import Instrument, Instruments, Level
from cloudlet.web import Forbidden

__all__ = ["Access"]

NEW_TICKET = "Open the console again from its page."


class Access:
    """Grants on instruments, and tickets to their consoles.

    Parameters
    ----------
    database
        Where the rows are.
    instruments
        What there is to see.
    settings
        Where browsers find the gateway.
    clock
        Tells the present instant.
    """

    def __init__(
        self, database: Database, instruments: Instruments, settings: AccessSettings, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._instruments = instruments
        self._settings = settings
        self._clock = clock

    def grant(self, grant: Grant, *, by: Actor, work: Session | None = None) -> None:
        """Let a person use an instrument for a time; the very same grant twice is one.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not give access to this instrument.
        """
        with self._database.write(work) as work:
            require(may_grant(by, self._level_of(work, by, grant.instrument)))
            if not grants.add(work, grant):
                return
            detail = {
                "username": grant.username,
                "level": grant.level.title,
                "not_before": grant.not_before.isoformat(),
                "not_after": grant.not_after and grant.not_after.isoformat(),
            }
            record(work, Act(str(by), "access.granted", grant.instrument, detail))
            publish(work, GrantChanged(grant.instrument, username=grant.username))

    def revoke(self, username: str, instrument: str, *, by: Actor, work: Session | None = None) -> None:
        """End everything that `username` may do with `instrument`; an open console closes within seconds.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not take access to this instrument away.
        """
        with self._database.write(work) as work:
            require(may_grant(by, self._level_of(work, by, instrument)))
            if not grants.end(work, username, instrument, self._clock()):
                return
            record(work, Act(str(by), "access.revoked", instrument, {"username": username}))
            publish(work, GrantChanged(instrument, username=username))

    def level(self, username: str, instrument: str) -> Level | None:
        """Return the highest level that `username` has on `instrument` now, None where there is none."""
        with self._database.read() as work:
            return grants.level_of(work, username, instrument, self._clock())

    def may_see(self, instrument: str, *, by: Actor) -> Decision:
        """Decide whether `by` learns that `instrument` exists: who has a grant on it now does."""
        with self._database.read() as work:
            return may_see(self._level_of(work, by, instrument))

    def instrument(self, key: str, *, by: Actor) -> Instrument:
        """Return the instrument called `key`.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not see it, or there is none: who guesses learns nothing.
        """
        with self._database.read() as work:
            require(may_see(self._level_of(work, by, key)))
            found = self._instruments.get(key, work=work)
        if found is None:
            raise Forbidden("There is no such instrument.", "Start from the home page.")
        return found

    def visible_instruments(self, *, by: Actor) -> list[Instrument]:
        """Return the instruments that `by` has a grant on now, by title."""
        with self._database.read() as work:
            keys = grants.instruments_of(work, by.name, self._clock()) if by.is_person else None
            return [each for each in self._instruments.all(work=work) if keys is None or each.key in keys]

    def issue_ticket(self, session: WebSession, instrument: str, *, work: Session | None = None) -> Ticket:
        """Return a ticket to the console of `instrument` for the person of `session`.

        Raises
        ------
        Forbidden
            No account is linked to the session, or the account may not open this console now.
        """
        if session.account is None:
            raise Forbidden("No account here is linked to your sign-in.", "Ask the facility's staff to link one.")
        level = self._level_for_console(session.account.username, instrument, Forbidden)
        with self._database.write(work) as work:
            secret = tickets.issue(work, session.account, session.id, instrument, self._clock())
        url = f"{self._settings.gateway_url}/console/{instrument}"
        return Ticket(url=url, subprotocols=tickets.subprotocols(secret), level=level)

    def redeem(self, ticket: str, instrument: str) -> Authorization:
        """Use `ticket` up and return what it stands for, at the level of the grants at this moment.

        The caller checks that the web session still lives.

        Raises
        ------
        TicketRefused
            The ticket is unknown, used, too old, for another console, or its owner's right has ended.
        """
        row = self._spent(ticket)
        if row is None or row.expires_at <= self._clock() or row.instrument != instrument:
            raise TicketRefused("This ticket to the console is not valid any more.", NEW_TICKET)
        level = self._level_for_console(row.username, instrument, TicketRefused)
        return Authorization(row.username, row.display_name, instrument, level, row.web_session)

    def console_state(self, instrument: str, *, by: Actor) -> ConsoleState | None:
        """Return who is at the console of `instrument`, and whether it could be reached.

        None where `by` may not see the instrument: results stay visible to the people of a session when their time at
        the instrument is over; who is there now does not.
        """
        with self._database.read() as work:
            return state_of(work, instrument) if may_see(self._level_of(work, by, instrument)) else None

    def _spent(self, ticket: str) -> TicketRow | None:
        """Take the ticket; a guess never waits for the one place from which all processes write, nor takes it."""
        with self._database.read() as work:
            if not tickets.is_known(work, ticket):
                return None
        with self._database.write() as work:
            return tickets.spend(work, ticket)

    def _level_for_console(self, username: str, instrument: str, refused: type[CloudletError]) -> Level:
        level = self.level(username, instrument)
        decision = may_open_console(level)
        if level is None or not decision:
            raise refused(decision.reason, "Ask the facility's staff for access.")
        return level

    def _level_of(self, work: Session, actor: Actor, instrument: str) -> Level | None:
        if not actor.is_person:
            return Level.STAFF
        return grants.level_of(work, actor.name, instrument, self._clock())
