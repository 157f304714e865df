"""Who may use which console, and the tickets that lead there."""

from __future__ import annotations

from sqlalchemy.orm import Session

from cloudlet.access import grants, tickets
from cloudlet.access.errors import GrantRefused, TicketRefused
from cloudlet.access.events import GrantChanged
from cloudlet.access.models import Authorization, ConsoleState, Grant, Ticket
from cloudlet.access.presence_store import OPENING_SECONDS, state_of
from cloudlet.access.rules import level_at, may_grant, may_open_console, may_revoke, may_see
from cloudlet.access.settings import AccessSettings
from cloudlet.access.store import TicketRow
from cloudlet.audit import Act, record
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.errors import CloudletError
from cloudlet.events import publish
from cloudlet.identity import Actor, Decision, Identities, WebSession, is_username, require
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
    identities
        Who is signed in.
    settings
        Where browsers find the gateway.
    clock
        Source of the present time.
    """

    def __init__(
        self,
        database: Database,
        instruments: Instruments,
        identities: Identities,
        settings: AccessSettings,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._instruments = instruments
        self._identities = identities
        self._settings = settings
        self._clock = clock

    def grant(self, grant: Grant, *, by: Actor, work: Session | None = None) -> None:
        """Let a person use an instrument for a time; the very same grant twice is one.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not give access to this instrument, or not for so long.
        GrantRefused
            There is no such instrument, no account can be called so, or the grant ends before it begins.
        """
        with self._database.write(work) as work:
            require(may_grant(by, self._held_by(work, by, grant.instrument), grant, self._clock()))
            self._check(work, grant)
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

    def revoke(self, username: str, instrument: str, *, by: Actor, work: Session | None = None) -> bool:
        """End everything that `username` may do with `instrument`; an open console closes within seconds.

        Returns
        -------
        bool
            Whether there was anything to end; False for a name or an instrument that was mistyped.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not take access to this instrument away.
        """
        with self._database.write(work) as work:
            require(may_revoke(by, self._held_by(work, by, instrument), self._clock()))
            if not grants.end(work, username, instrument, self._clock()):
                return False
            record(work, Act(str(by), "access.revoked", instrument, {"username": username}))
            publish(work, GrantChanged(instrument, username=username))
            return True

    def level(self, username: str, instrument: str, *, work: Session | None = None) -> Level | None:
        """Return the highest level that `username` has on `instrument` now, None where there is none."""
        with self._database.read(work) as work:
            return level_at(grants.held_by(work, username, instrument), self._clock())

    def may_see(self, instrument: str, *, by: Actor, work: Session | None = None) -> Decision:
        """Decide whether `by` learns that `instrument` exists: who has a grant on it now does."""
        with self._database.read(work) as work:
            return may_see(self._level_of(work, by, instrument))

    def instrument(self, key: str, *, by: Actor, work: Session | None = None) -> Instrument:
        """Return the instrument called `key`.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` may not see it, or there is none: who guesses learns nothing.
        """
        with self._database.read(work) as work:
            require(may_see(self._level_of(work, by, key)))
            found = self._instruments.get(key, work=work)
        if found is None:
            raise Forbidden("There is no such instrument.", "Start from the home page.")
        return found

    def visible_instruments(self, *, by: Actor, work: Session | None = None) -> list[Instrument]:
        """Return the instruments that `by` has a grant on now, by title."""
        with self._database.read(work) as work:
            found = self._instruments.all(work=work)
            if not by.is_person:
                return found
            levels = grants.levels_of(work, by.name, self._clock())
            return [each for each in found if may_see(levels.get(each.key))]

    def issue_ticket(self, session: WebSession, instrument: str, *, work: Session | None = None) -> Ticket:
        """Return a ticket to the console of `instrument` for the person of `session`.

        Raises
        ------
        Forbidden
            No account is linked to the session, or the account may not open this console now.
        """
        if session.account is None:
            raise Forbidden("No account here is linked to your sign-in.", "Ask the facility's staff to link one.")
        with self._database.write(work) as work:
            level = self._level_for_console(work, session.account.username, instrument, Forbidden)
            secret = tickets.issue(work, session.account, session.id, instrument, self._clock())
        url = f"{self._settings.gateway_url}/console/{instrument}"
        return Ticket(url=url, subprotocols=tickets.subprotocols(secret), level=level)

    def redeem(self, ticket: str, instrument: str) -> Authorization:
        """Use `ticket` up and return what it stands for, at the level of the grants at this moment.

        Raises
        ------
        TicketRefused
            The ticket is unknown, used, too old, for another console, or its owner's right or web session has ended.
        """
        row = self._spent(ticket)
        if row is None or row.expires_at <= self._clock() or row.instrument != instrument:
            raise TicketRefused("This ticket to the console is not valid any more.", NEW_TICKET)
        session = self._identities.session_by_id(row.web_session)
        if session is None or session.account is None or session.account.username != row.username:
            raise TicketRefused("You are not signed in any more.", "Sign in again.")
        with self._database.read() as work:
            level = self._level_for_console(work, row.username, instrument, TicketRefused)
        return Authorization(row.username, row.display_name, instrument, level, row.web_session)

    def console_state(self, instrument: str, *, by: Actor, work: Session | None = None) -> ConsoleState | None:
        """Return who is at the console of `instrument`, and whether it could be reached.

        None where `by` may not see the instrument: results stay visible to the people of a session when their time at
        the instrument is over; who is there now does not.
        """
        with self._database.read(work) as work:
            return state_of(work, instrument) if may_see(self._level_of(work, by, instrument)) else None

    def _spent(self, ticket: str) -> TicketRow | None:
        """Take the ticket; a guess never waits for the one place from which all processes write, nor takes it."""
        with self._database.read() as work:
            if not tickets.is_known(work, ticket):
                return None
        with self._database.write(turn_seconds=OPENING_SECONDS) as work:
            return tickets.spend(work, ticket)

    def _check(self, work: Session, grant: Grant) -> None:
        if self._instruments.get(grant.instrument, work=work) is None:
            raise GrantRefused(f"There is no instrument {grant.instrument}.", "Give the key of one that there is.")
        if not is_username(grant.username):
            raise GrantRefused(f"No account can be called {grant.username}.", "Give a user name.")
        if grant.not_after is not None and grant.not_after <= grant.not_before:
            raise GrantRefused("The grant ends before it begins.", "Give an end after the beginning.")

    def _level_for_console(self, work: Session, username: str, instrument: str, refused: type[CloudletError]) -> Level:
        level = self.level(username, instrument, work=work)
        decision = may_open_console(level)
        if level is None or not decision:
            raise refused(decision.reason, "Ask the facility's staff for access.")
        return level

    def _level_of(self, work: Session, actor: Actor, instrument: str) -> Level | None:
        return self.level(actor.name, instrument, work=work) if actor.is_person else Level.STAFF

    def _held_by(self, work: Session, actor: Actor, instrument: str) -> list[Grant]:
        return grants.held_by(work, actor.name, instrument) if actor.is_person else []
