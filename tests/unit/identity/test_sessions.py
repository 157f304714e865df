from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import event, text
from tests.patience import eventually

from cloudlet import audit, events
from cloudlet.database import Database
from cloudlet.identity import Account, Actor, Identities, Identity, IdentitySettings
from cloudlet.identity.errors import AccountRefused, LinkRefused
from cloudlet.identity.links import account_of
from cloudlet.web import Forbidden

ADA = Identity("https://idp.example", "subject-ada")
SECRET = "x" * 43


@pytest.fixture
def identities(database: Database, clock: Any) -> Identities:
    return Identities(database, IdentitySettings(), clock)


def acts(database: Database) -> list[tuple[str, str]]:
    with database.read() as work:
        return [(record.act.actor, record.act.what) for record in reversed(audit.read(work))]


def news(database: Database) -> list[tuple[str, str]]:
    with database.read() as work:
        return [(item.kind, item.subject) for item in events.read_after(work, 0)]


def linked(database: Database, identity: Identity) -> Account | None:
    with database.read() as work:
        return account_of(work, identity)


def test_session_is_found_by_its_secret_and_by_its_id(identities: Identities) -> None:
    session = identities.open_session(ADA, "Ada Park", SECRET)
    assert identities.session(SECRET) == session
    assert identities.session_by_id(session.id) == session
    assert session.account is None


@pytest.mark.parametrize("secret", [None, "", "y" * 43, "x" * 1_000_000, "\ud800"])
def test_no_other_secret_opens_it(identities: Identities, secret: str | None) -> None:
    identities.open_session(ADA, "Ada Park", SECRET)
    assert identities.session(secret) is None


def test_the_id_is_no_secret_that_opens_a_session(identities: Identities) -> None:
    session = identities.open_session(ADA, "Ada Park", SECRET)
    assert identities.session(session.id) is None


def test_session_ends_after_an_hour_without_use(identities: Identities, clock: Any) -> None:
    session = identities.open_session(ADA, "Ada Park", SECRET)
    clock.advance(minutes=59)
    assert identities.session_by_id(session.id) is not None
    clock.advance(minutes=1)
    assert identities.session_by_id(session.id) is None
    assert identities.session(SECRET) is None
    assert identities.keep_alive(session.id) is None


def test_use_keeps_a_session_alive_but_looking_at_it_does_not(identities: Identities, clock: Any) -> None:
    session = identities.open_session(ADA, "Ada Park", SECRET)
    clock.advance(minutes=40)
    assert identities.session(SECRET) is not None
    clock.advance(minutes=40)
    assert identities.keep_alive(session.id) is not None
    clock.advance(minutes=40)
    assert identities.session_by_id(session.id) is not None
    clock.advance(minutes=40)
    assert identities.session_by_id(session.id) is None


def test_what_a_page_asks_for_by_itself_keeps_no_session_alive(identities: Identities, clock: Any) -> None:
    identities.open_session(ADA, "Ada Park", SECRET)
    clock.advance(minutes=40)
    assert identities.session(SECRET, is_use=False) is not None
    clock.advance(minutes=20)
    assert identities.session(SECRET, is_use=False) is None


def test_session_ends_after_twelve_hours_however_busy(identities: Identities, clock: Any) -> None:
    identities.open_session(ADA, "Ada Park", SECRET)
    for _ in range(23):
        clock.advance(minutes=30)
        assert identities.session(SECRET) is not None
    clock.advance(minutes=30)
    assert identities.session(SECRET) is None


def test_use_within_a_minute_writes_nothing(identities: Identities, clock: Any, database: Database) -> None:
    identities.open_session(ADA, "Ada Park", SECRET)
    clock.advance(seconds=59)
    with database.write():
        assert identities.session(SECRET) is not None


def test_use_counts_at_once_and_delays_nobody_while_somebody_else_writes(
    identities: Identities, clock: Any, database: Database, database_url: str
) -> None:
    session = identities.open_session(ADA, "Ada Park", SECRET)
    clock.advance(minutes=40)
    other = Database(database_url)
    with other.write():
        begin = time.monotonic()
        for _ in range(20):
            assert identities.session(SECRET) is not None
        assert time.monotonic() - begin < 5.0  # a turn would not come before the block ends
        clock.advance(minutes=40)
        assert identities.session_by_id(session.id) is not None
    eventually(lambda: Identities(database, IdentitySettings(), clock).session_by_id(session.id) is not None)
    other.close()


def test_uses_within_a_minute_are_one_write(identities: Identities, clock: Any, database: Database) -> None:
    session = identities.open_session(ADA, "Ada Park", SECRET)
    writes: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _cursor, said, *_: writes.append(said))
    clock.advance(minutes=2)
    for _ in range(10):
        identities.keep_alive(session.id)
        clock.advance(seconds=5)
    eventually(lambda: any(said.startswith("UPDATE") for said in writes))
    assert len([said for said in writes if said.startswith("UPDATE")]) == 1


def test_ended_session_is_reported_to_everybody_and_recorded(identities: Identities, database: Database) -> None:
    identities.link(ADA, Account("ada", "Ada Park"), by=Actor.host("admin"))
    session = identities.open_session(ADA, "Ada Park", SECRET)
    identities.end_session(session.id, by=session.actor)
    identities.end_session(session.id, by=session.actor)
    assert identities.session(SECRET) is None
    assert acts(database) == [
        ("host:admin", "identity.account-made"),
        ("host:admin", "identity.linked"),
        ("ada", "identity.signed-in"),
        ("ada", "identity.signed-out"),
    ]
    assert news(database) == [
        ("identity.account-made", "ada"),
        ("identity.linked", "ada"),
        ("identity.session-started", session.id),
        ("identity.session-ended", session.id),
    ]


def test_somebody_else_can_end_a_session_and_is_named(identities: Identities, database: Database) -> None:
    session = identities.open_session(ADA, "Ada Park", SECRET)
    identities.end_session(session.id, by=Actor.host("admin"))
    assert acts(database)[-1] == ("host:admin", "identity.signed-out")


def test_a_person_ends_no_session_of_somebody_else(identities: Identities) -> None:
    identities.link(ADA, Account("ada", "Ada Park"), by=Actor.host("admin"))
    session = identities.open_session(ADA, "Ada Park", SECRET)
    with pytest.raises(Forbidden, match="somebody else"):
        identities.end_session(session.id, by=Actor.person("eve"))
    assert identities.session_by_id(session.id) is not None
    identities.end_session(session.id, by=Actor.person("ada"))
    assert identities.session_by_id(session.id) is None


def test_a_person_links_nobody(identities: Identities, database: Database) -> None:
    with pytest.raises(Forbidden, match="commands on this host"):
        identities.link(ADA, Account("ada", "Ada Park"), by=Actor.person("eve"))
    assert acts(database) == []


def test_person_without_account_is_recorded_by_identity(identities: Identities, database: Database) -> None:
    identities.open_session(ADA, "Ada Park", SECRET)
    assert acts(database) == [("subject-ada@https://idp.example", "identity.signed-in")]


def test_link_counts_at_once_for_sessions_already_open(identities: Identities) -> None:
    session = identities.open_session(ADA, "Ada Park", SECRET)
    identities.link(ADA, Account("ada", "Ada Park"), by=Actor.host("admin"))
    found = identities.session_by_id(session.id)
    assert found is not None
    assert found.account == Account("ada", "Ada Park")


def test_link_is_of_issuer_and_subject_together(identities: Identities, database: Database) -> None:
    identities.link(ADA, Account("ada", "Ada Park"), by=Actor.host("admin"))
    assert linked(database, ADA) == Account("ada", "Ada Park")
    assert linked(database, Identity("https://other.example", ADA.subject)) is None
    assert linked(database, Identity(ADA.issuer, "subject-ADA")) is None


def test_linking_again_changes_and_records_nothing(identities: Identities, database: Database) -> None:
    identities.link(ADA, Account("ada", "Ada Park"), by=Actor.host("admin"))
    identities.link(ADA, Account("ada", "Ada Park"), by=Actor.host("admin"))
    assert len(acts(database)) == 2


def test_second_identity_of_one_person_can_be_linked_to_the_same_account(
    identities: Identities, database: Database
) -> None:
    second = Identity("https://other.example", "1")
    identities.link(ADA, Account("ada", "Ada Park"), by=Actor.host("admin"))
    identities.link(second, Account("ada", "Ada Park"), by=Actor.host("admin"))
    assert linked(database, second) == linked(database, ADA) == Account("ada", "Ada Park")


def test_linked_identity_never_changes_its_account(identities: Identities, database: Database) -> None:
    identities.link(ADA, Account("ada", "Ada Park"), by=Actor.host("admin"))
    with pytest.raises(LinkRefused, match="ada already"):
        identities.link(ADA, Account("root2", "Somebody"), by=Actor.host("admin"))
    assert linked(database, ADA) == Account("ada", "Ada Park")
    assert ("identity.account-made", "root2") not in news(database)


def test_account_needs_a_user_name_that_is_one(identities: Identities) -> None:
    with pytest.raises(AccountRefused, match="lower-case"):
        identities.link(ADA, Account("Ada Park", "Ada Park"), by=Actor.host("admin"))


def test_old_sessions_are_deleted_when_somebody_signs_in(
    identities: Identities, clock: Any, database: Database
) -> None:
    identities.open_session(ADA, "Ada Park", SECRET)
    clock.advance(hours=13)
    identities.open_session(ADA, "Ada Park", "z" * 43)
    with database.read() as work:
        assert work.scalar(text("SELECT count(*) FROM web_session")) == 1
