"""Grants and tickets."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from cloudlet.access import Access, AccessSettings, Grant, GrantChanged, GrantRefused, TicketRefused
from cloudlet.audit import read
from cloudlet.database import Database
from cloudlet.events import read_after
from cloudlet.identity import Account, Actor, Identities, Identity, IdentitySettings, WebSession
from cloudlet.instruments import Instrument, Instruments, Level
from cloudlet.web import Forbidden

SCOPE, OTHER = "scope-1", "scope-2"
STAFF = Actor.host("staff")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class HandClock:
    """A clock that moves by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def identities(database: Database, clock: HandClock) -> Identities:
    return Identities(database, IdentitySettings(), clock)


@pytest.fixture
def instruments(database: Database) -> Instruments:
    return Instruments(database)


@pytest.fixture
def access(database: Database, instruments: Instruments, identities: Identities, clock: HandClock) -> Access:
    for key in (SCOPE, OTHER):
        instruments.register(Instrument(key, "Scope", "A microscope."), by=STAFF)
    settings = AccessSettings(gateway_url="wss://cloudlet.example.org/gateway/")
    return Access(database, instruments, identities, settings, clock)


def seen_by(access: Access, username: str) -> set[str]:
    return {each.key for each in access.visible_instruments(by=Actor.person(username))}


def session(access: Access, username: str | None) -> WebSession:
    """Sign somebody in, with an account where they have a name."""
    identity = Identity("https://idp.example.org", str(username))
    if username is not None:
        access._identities.link(identity, Account(username, username.title()), by=STAFF)
    return access._identities.open_session(identity, str(username), secrets.token_urlsafe(32))


def grant(access: Access, username: str, level: Level, minutes: float | None = None) -> None:
    until = None if minutes is None else NOON + timedelta(minutes=minutes)
    access.grant(Grant(username, SCOPE, level, NOON, until), by=STAFF)


def secret_of(access: Access, username: str) -> str:
    return access.issue_ticket(session(access, username), SCOPE).subprotocols[1].removeprefix("ticket.")


def test_person_without_a_grant_sees_nothing_and_gets_no_ticket(access: Access) -> None:
    assert access.level("eve", SCOPE) is None
    assert not access.may_see(SCOPE, by=Actor.person("eve"))
    assert seen_by(access, "eve") == set()
    with pytest.raises(Forbidden):
        access.issue_ticket(session(access, "eve"), SCOPE)


def test_person_without_an_account_gets_no_ticket(access: Access) -> None:
    with pytest.raises(Forbidden, match="linked"):
        access.issue_ticket(session(access, None), SCOPE)


def test_who_may_only_view_results_sees_the_instrument_but_gets_no_ticket(access: Access) -> None:
    grant(access, "vera", Level.VIEW_RESULTS)
    assert seen_by(access, "vera") == {SCOPE}
    with pytest.raises(Forbidden, match="not its screen"):
        access.issue_ticket(session(access, "vera"), SCOPE)


def test_grant_ends_by_itself(access: Access, clock: HandClock) -> None:
    grant(access, "ada", Level.OPERATE, minutes=10)
    grant(access, "ada", Level.OBSERVE, minutes=20)
    levels = []
    for minutes in (0, 10, 20):
        clock.now = NOON + timedelta(minutes=minutes)
        levels.append((access.level("ada", SCOPE), seen_by(access, "ada")))
    assert levels == [(Level.OPERATE, {SCOPE}), (Level.OBSERVE, {SCOPE}), (None, set())]


@pytest.mark.parametrize("level", [None, Level.OBSERVE, Level.OPERATE])
def test_who_is_not_of_the_staff_gives_and_takes_no_access(access: Access, level: Level | None) -> None:
    if level is not None:
        grant(access, "eve", level)
    grant(access, "ada", Level.OPERATE)
    eve = Actor.person("eve")
    with pytest.raises(Forbidden, match="by its staff"):
        access.grant(Grant("eve", SCOPE, Level.STAFF, NOON, None), by=eve)
    with pytest.raises(Forbidden, match="by its staff"):
        access.revoke("ada", SCOPE, by=eve)
    assert (access.level("eve", SCOPE), access.level("ada", SCOPE)) == (level, Level.OPERATE)


def test_staff_of_an_instrument_gives_access_to_it_and_to_no_other(access: Access, database: Database) -> None:
    grant(access, "mona", Level.STAFF)
    mona = Actor.person("mona")
    access.grant(Grant("ada", SCOPE, Level.OBSERVE, NOON, None), by=mona)
    assert access.level("ada", SCOPE) is Level.OBSERVE
    with pytest.raises(Forbidden):
        access.grant(Grant("ada", OTHER, Level.OBSERVE, NOON, None), by=mona)
    with database.read() as work:
        assert read(work, what="access.granted")[0].act.actor == "mona"


def test_staff_for_an_hour_gives_no_access_that_lasts_longer(access: Access, clock: HandClock) -> None:
    grant(access, "mona", Level.STAFF, minutes=60)
    mona, hour = Actor.person("mona"), NOON + timedelta(minutes=60)
    for end in (None, hour + timedelta(seconds=1)):
        with pytest.raises(Forbidden, match="longer than you are staff"):
            access.grant(Grant("mona", SCOPE, Level.STAFF, NOON, end), by=mona)
    access.grant(Grant("ada", SCOPE, Level.STAFF, NOON, hour), by=mona)
    clock.now = hour
    assert access.level("mona", SCOPE) is None
    with pytest.raises(Forbidden, match="by its staff"):
        access.grant(Grant("mona", SCOPE, Level.STAFF, NOON, hour), by=mona)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Grant("ada", "scope-9", Level.OBSERVE, NOON, None), "no instrument scope-9"),
        (Grant("nobody at all", SCOPE, Level.OBSERVE, NOON, None), "No account"),
        (Grant("ada", SCOPE, Level.OBSERVE, NOON, NOON), "ends before it begins"),
        (Grant("ada", SCOPE, Level.OBSERVE, NOON, NOON - timedelta(days=3)), "ends before it begins"),
    ],
)
def test_a_grant_that_could_never_be_used_is_refused(access: Access, wanted: Grant, reason: str) -> None:
    with pytest.raises(GrantRefused, match=reason):
        access.grant(wanted, by=STAFF)


def test_what_was_granted_in_a_unit_of_work_counts_for_the_next_use_case_in_it(
    access: Access, database: Database
) -> None:
    ada, actor = session(access, "ada"), Actor.person("ada")
    with database.write() as work:
        access.grant(Grant("ada", SCOPE, Level.OPERATE, NOON, None), by=STAFF, work=work)
        assert access.level("ada", SCOPE, work=work) is Level.OPERATE
        assert access.may_see(SCOPE, by=actor, work=work)
        assert access.instrument(SCOPE, by=actor, work=work).key == SCOPE
        assert [each.key for each in access.visible_instruments(by=actor, work=work)] == [SCOPE]
        assert access.console_state(SCOPE, by=actor, work=work) is not None
        assert access.issue_ticket(ada, SCOPE, work=work).level is Level.OPERATE
        assert access.level("ada", SCOPE) is None  # outside of it


def test_a_grant_is_part_of_its_callers_unit_of_work(access: Access, database: Database) -> None:
    host = Actor.host("staff")
    with pytest.raises(RuntimeError, match="half-way"), database.write() as work:
        access.grant(Grant("ada", SCOPE, Level.OPERATE, NOON, None), by=host, work=work)
        access.grant(Grant("ben", SCOPE, Level.OBSERVE, NOON, None), by=host, work=work)
        raise RuntimeError("half-way")
    assert (access.level("ada", SCOPE), access.level("ben", SCOPE)) == (None, None)
    with database.read() as work:
        assert read(work, what="access.granted") == []


def test_revoking_ends_what_stands_and_what_is_to_come(access: Access, clock: HandClock) -> None:
    grant(access, "ada", Level.OPERATE)
    access.grant(Grant("ada", SCOPE, Level.STAFF, NOON + timedelta(days=1), None), by=STAFF)
    assert access.revoke("ada", SCOPE, by=STAFF)
    assert not access.revoke("ada", SCOPE, by=STAFF)
    assert not access.revoke("adda", SCOPE, by=STAFF)
    assert access.level("ada", SCOPE) is None
    clock.now += timedelta(days=2)
    assert access.level("ada", SCOPE) is None


def test_every_grant_and_revocation_is_on_the_record_and_is_news(access: Access, database: Database) -> None:
    grant(access, "ada", Level.OPERATE)
    grant(access, "ada", Level.OPERATE)
    access.revoke("ada", SCOPE, by=Actor.host("head"))
    access.revoke("ada", SCOPE, by=Actor.host("head"))
    with database.read() as work:
        acts = [record.act for record in reversed(read(work, subject=SCOPE))]
        news = read_after(work, 0, kinds=[GrantChanged.kind])
    assert [(act.actor, act.what) for act in acts] == [
        ("host:staff", "instruments.registered"),
        ("host:staff", "access.granted"),
        ("host:head", "access.revoked"),
    ]
    assert [(one.kind, one.subject, one.data) for one in news] == [
        ("access.grant-changed", SCOPE, {"username": "ada"})
    ] * 2


def test_ticket_names_the_gateway_and_keeps_its_secret_out_of_the_address(access: Access) -> None:
    grant(access, "ada", Level.OPERATE)
    ticket = access.issue_ticket(session(access, "ada"), SCOPE)
    assert ticket.url == "wss://cloudlet.example.org/gateway/console/scope-1"
    assert ticket.subprotocols[0] == "rfb.cloudlet"
    assert len(ticket.subprotocols[1]) >= len("ticket.") + 43
    assert ticket.level is Level.OPERATE


def test_ticket_stands_for_its_person_session_and_instrument(access: Access) -> None:
    grant(access, "ada", Level.OBSERVE)
    ada = session(access, "ada")
    secret = access.issue_ticket(ada, SCOPE).subprotocols[1].removeprefix("ticket.")
    authorization = access.redeem(secret, SCOPE)
    assert (authorization.username, authorization.display_name, authorization.instrument) == ("ada", "Ada", SCOPE)
    assert authorization.web_session == ada.id
    assert authorization.level is Level.OBSERVE


def test_ticket_has_the_level_of_the_moment_it_is_used(access: Access, clock: HandClock) -> None:
    grant(access, "ada", Level.OBSERVE)
    secret = secret_of(access, "ada")
    grant(access, "ada", Level.OPERATE)
    assert access.redeem(secret, SCOPE).level is Level.OPERATE
    later = secret_of(access, "ada")
    access.revoke("ada", SCOPE, by=STAFF)
    with pytest.raises(TicketRefused):
        access.redeem(later, SCOPE)


def test_ticket_of_who_signed_out_or_acts_as_nobody_any_more_is_refused(access: Access, identities: Identities) -> None:
    grant(access, "ada", Level.OPERATE)
    ada = session(access, "ada")
    secret = access.issue_ticket(ada, SCOPE).subprotocols[1].removeprefix("ticket.")
    identities.end_session(ada.id, by=ada.actor)
    with pytest.raises(TicketRefused, match="not signed in"):
        access.redeem(secret, SCOPE)


def test_ticket_is_used_once(access: Access) -> None:
    grant(access, "ada", Level.OPERATE)
    secret = secret_of(access, "ada")
    access.redeem(secret, SCOPE)
    with pytest.raises(TicketRefused):
        access.redeem(secret, SCOPE)


def test_guessed_ticket_is_refused_while_somebody_else_writes(access: Access, database: Database) -> None:
    with database.write(), pytest.raises(TicketRefused):
        access.redeem("guess", SCOPE)


def test_ticket_that_many_show_at_once_lets_one_in(access: Access) -> None:
    grant(access, "ada", Level.OPERATE)
    secret = secret_of(access, "ada")

    def is_let_in(_: int) -> bool:
        try:
            access.redeem(secret, SCOPE)
        except TicketRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(is_let_in, range(8))) == 1


def test_ticket_is_taken_by_one_statement(access: Access, database: Database) -> None:
    grant(access, "ada", Level.OPERATE)
    secret = secret_of(access, "ada")
    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: seen.append(statement))
    access.redeem(secret, SCOPE)
    question, taking = (statement for statement in seen if "access_ticket" in statement)
    assert question.startswith("SELECT")
    assert taking.startswith("DELETE FROM access_ticket WHERE")
    assert "RETURNING" in taking


def test_ticket_shown_at_another_console_is_refused_and_gone(access: Access) -> None:
    grant(access, "ada", Level.OPERATE)
    access.grant(Grant("ada", OTHER, Level.OPERATE, NOON, None), by=STAFF)
    secret = secret_of(access, "ada")
    for instrument in (OTHER, SCOPE):
        with pytest.raises(TicketRefused):
            access.redeem(secret, instrument)


def test_ticket_lives_for_half_a_minute(access: Access, clock: HandClock) -> None:
    grant(access, "ada", Level.OPERATE)
    early, late = secret_of(access, "ada"), secret_of(access, "ada")
    clock.now += timedelta(seconds=29)
    access.redeem(early, SCOPE)
    clock.now += timedelta(seconds=1)
    with pytest.raises(TicketRefused):
        access.redeem(late, SCOPE)


def test_secret_of_a_ticket_is_stored_nowhere(access: Access, database: Database) -> None:
    grant(access, "ada", Level.OPERATE)
    secret = secret_of(access, "ada")
    with database.read() as work:
        for table in ("access_ticket", "event", "audit"):
            rows = work.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - fixed names
            assert secret not in json.dumps([[str(value) for value in row] for row in rows])


def test_old_tickets_are_cleared_out(access: Access, clock: HandClock, database: Database) -> None:
    grant(access, "ada", Level.OPERATE)
    for _ in range(3):
        secret_of(access, "ada")
    clock.now += timedelta(minutes=1)
    secret_of(access, "ada")
    with database.read() as work:
        assert work.execute(text("SELECT count(*) FROM access_ticket")).scalar() == 1
