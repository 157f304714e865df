"""The gateway before a server that writes down what reaches it."""

from __future__ import annotations

import json
import struct
from contextlib import ExitStack
from datetime import timedelta

import pytest
from tests.patience import eventually
from tests.system.fake_vnc import FakeVnc
from tests.system.gateway import SCOPE, Stage
from websockets.exceptions import InvalidStatus

from cloudlet.access import Grant
from cloudlet.audit import read
from cloudlet.clock import utc_now
from cloudlet.identity import Actor
from cloudlet.instruments import Level

STAFF = Actor.host("staff")

pytestmark = pytest.mark.system

LEFT_ARROW = 0xFF51


def releases(stage: Stage) -> list[dict[str, str]]:
    with stage.database.read() as work:
        return [record.act.detail for record in read(work, what="access.control-released")]


def test_operator_reaches_the_instrument_and_the_upstream_is_always_shared(stage: Stage, vnc: FakeVnc) -> None:
    with stage.viewer(stage.person("ada", Level.OPERATE)) as viewer:
        assert viewer.begin() == (640, 480)
        viewer.pointer(1, 10, 20)
        viewer.key(True, LEFT_ARROW)
        vnc.wait_for(lambda: len(vnc.inputs) == 2)
    assert vnc.inputs[:2] == [struct.pack("!BBHH", 5, 1, 10, 20), struct.pack("!BBxxI", 4, 1, LEFT_ARROW)]
    assert vnc.shared_flags == [1]


def test_observers_input_never_arrives(stage: Stage, vnc: FakeVnc) -> None:
    with stage.console(stage.person("oskar", Level.OBSERVE)) as viewer:
        viewer.pointer(1, 10, 20)
        viewer.key(True, LEFT_ARROW)
        viewer.qemu_key(True, LEFT_ARROW, 0xCB)
        viewer.send(struct.pack("!B3xI", 6, 5) + b"paste")
        viewer.send(struct.pack("!BxBB", 250, 1, 2))
        viewer.marker()
        vnc.wait_for(lambda: bool(vnc.messages))
    assert vnc.inputs == []


def test_second_operator_only_observes(stage: Stage, vnc: FakeVnc) -> None:
    first, second = stage.person("ada", Level.OPERATE), stage.person("ben", Level.OPERATE)
    with stage.console(first), stage.console(second) as observer:
        observer.pointer(1, 10, 20)
        observer.marker()
        vnc.wait_for(lambda: bool(vnc.messages))
        state = stage.access.console_state(SCOPE, by=STAFF)
        assert stage.operator() == "ada"
        assert [viewer.username for viewer in state.observers] == ["ben"]
    assert vnc.inputs == []


def test_newer_window_of_the_same_person_takes_control_and_the_older_lets_go(stage: Stage, vnc: FakeVnc) -> None:
    session = stage.person("ada", Level.OPERATE)
    with stage.console(session) as older:
        older.pointer(1, 10, 20)
        vnc.wait_for(lambda: len(vnc.inputs) == 1)
        with stage.console(session) as newer:
            vnc.wait_for(lambda: vnc.inputs[-1] == struct.pack("!BBHH", 5, 0, 10, 20))
            older.pointer(1, 30, 30)
            older.marker()
            vnc.wait_for(lambda: vnc.messages[-1][0] == 3)
            newer.pointer(1, 40, 40)
            vnc.wait_for(lambda: vnc.inputs[-1] == struct.pack("!BBHH", 5, 1, 40, 40))
    assert struct.pack("!BBHH", 5, 1, 30, 30) not in vnc.inputs
    eventually(lambda: stage.operator() is None)
    assert [one["cause"] for one in releases(stage)][::-1][0] == "taken over in a newer window"


def test_what_is_held_is_let_go_when_the_browser_is_killed(stage: Stage, vnc: FakeVnc) -> None:
    with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
        viewer.pointer(1, 10, 20)
        viewer.key(True, LEFT_ARROW)
        viewer.qemu_key(True, ord("a"), 0x1E)
        vnc.wait_for(lambda: len(vnc.inputs) == 3)
        viewer.vanish()
        vnc.wait_for(lambda: len(vnc.inputs) == 6)
    assert sorted(vnc.inputs[3:]) == sorted(
        [
            struct.pack("!BBHH", 5, 0, 10, 20),
            struct.pack("!BBxxI", 4, 0, LEFT_ARROW),
            struct.pack("!BBHII", 255, 0, 0, ord("a"), 0x1E),
        ]
    )
    eventually(lambda: stage.operator() is None)
    assert releases(stage)[0]["cause"] == "connection lost"
    assert releases(stage)[0]["operator"] == "ada"


def test_control_is_free_again_for_the_next_who_comes(stage: Stage) -> None:
    with stage.console(stage.person("ada", Level.OPERATE)):
        pass
    eventually(lambda: stage.operator() is None)
    with stage.console(stage.person("ben", Level.OPERATE)):
        assert stage.operator() == "ben"


def test_revoked_grant_lets_go_and_closes_with_the_reason(stage: Stage, vnc: FakeVnc) -> None:
    with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
        viewer.pointer(1, 10, 20)
        vnc.wait_for(lambda: len(vnc.inputs) == 1)
        stage.access.revoke("ada", SCOPE, by=Actor.host("staff"))
        assert viewer.closing() == (4403, "You have no access to this instrument now.")
        vnc.wait_for(lambda: vnc.inputs[-1] == struct.pack("!BBHH", 5, 0, 10, 20))
    eventually(lambda: bool(releases(stage)))


def test_operator_whose_time_is_over_goes_on_observing(stage: Stage, vnc: FakeVnc) -> None:
    session = stage.person("ada", Level.OBSERVE)
    now = utc_now()
    stage.access.grant(Grant("ada", SCOPE, Level.OPERATE, now, now + timedelta(seconds=5)), by=Actor.host("staff"))
    with stage.console(session) as viewer:
        viewer.pointer(1, 10, 20)
        vnc.wait_for(lambda: vnc.inputs[-1:] == [struct.pack("!BBHH", 5, 0, 10, 20)])
        viewer.pointer(1, 30, 30)
        viewer.marker()
        vnc.wait_for(lambda: vnc.messages[-1][0] == 3)
        eventually(lambda: stage.operator() is None)
        assert [one.username for one in stage.access.console_state(SCOPE, by=STAFF).observers] == ["ada"]
    assert vnc.inputs[-1] == struct.pack("!BBHH", 5, 0, 10, 20)


def test_ended_web_session_closes_the_console(stage: Stage) -> None:
    session = stage.person("ada", Level.OPERATE)
    with stage.console(session) as viewer:
        stage.identities.end_session(session.id, by=session.actor)
        assert viewer.closing()[0] == 4401


def test_other_origins_are_refused_and_the_ticket_stays_good(stage: Stage) -> None:
    ticket = stage.access.issue_ticket(stage.person("ada", Level.OPERATE), SCOPE)
    for origin in ("http://evil.example.org", "http://127.0.0.1", "null", None):
        with pytest.raises(InvalidStatus) as refused:
            stage.socket(ticket.subprotocols, origin)
        assert refused.value.response.status_code == 403
    with stage.socket(ticket.subprotocols) as connection:
        assert connection.subprotocol == "rfb.cloudlet"


def test_ticket_opens_one_console_once(stage: Stage) -> None:
    ticket = stage.access.issue_ticket(stage.person("ada", Level.OPERATE), SCOPE)
    with stage.socket(ticket.subprotocols), pytest.raises(InvalidStatus) as refused:
        stage.socket(ticket.subprotocols)
    assert refused.value.response.status_code == 403
    assert ticket.subprotocols[1].removeprefix("ticket.").encode() not in refused.value.response.body


@pytest.mark.parametrize("offered", [(), ("rfb.cloudlet",), ("rfb.cloudlet", "ticket.guess"), ("ticket.guess",)])
def test_nobody_gets_in_without_a_ticket(stage: Stage, offered: tuple[str, ...]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        stage.socket(offered)
    assert refused.value.response.status_code == 403


def test_ticket_of_somebody_who_signed_out_is_refused(stage: Stage) -> None:
    session = stage.person("ada", Level.OPERATE)
    ticket = stage.access.issue_ticket(session, SCOPE)
    stage.identities.end_session(session.id, by=session.actor)
    with pytest.raises(InvalidStatus) as refused:
        stage.socket(ticket.subprotocols)
    assert refused.value.response.status_code == 403


def test_ticket_of_somebody_whose_grant_was_revoked_is_refused(stage: Stage) -> None:
    ticket = stage.access.issue_ticket(stage.person("ada", Level.OPERATE), SCOPE)
    stage.access.revoke("ada", SCOPE, by=Actor.host("staff"))
    with pytest.raises(InvalidStatus) as refused:
        stage.socket(ticket.subprotocols)
    assert refused.value.response.status_code == 403
    problem = json.loads(refused.value.response.body)
    assert problem["slug"] == "ticket-refused"
    assert problem["message"] == "You have no access to this instrument now."


def test_viewer_that_breaks_the_protocol_is_closed_alone(stage: Stage, vnc: FakeVnc) -> None:
    with (
        stage.console(stage.person("ada", Level.OPERATE)) as good,
        stage.console(stage.person("mallory", Level.OBSERVE)) as bad,
    ):
        bad.send(b"\x07file transfer")
        assert bad.closing()[0] == 1002
        good.pointer(0, 1, 2)
        vnc.wait_for(lambda: len(vnc.inputs) == 1)


def test_one_person_cannot_take_all_connections_of_an_instrument(stage: Stage) -> None:
    session = stage.person("oskar", Level.OBSERVE)
    with ExitStack() as windows:
        for _ in range(8):
            windows.enter_context(stage.console(session))
        assert windows.enter_context(stage.viewer(session)).closing()[0] == 4429


def test_console_that_went_away_is_reported_to_the_page(stage: Stage, vnc: FakeVnc) -> None:
    with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
        vnc.hang_up()
        assert viewer.closing()[0] == 4502
    vnc.close()
    with stage.viewer(stage.person("ben", Level.OPERATE)) as viewer:
        viewer.shake_hands()
        assert viewer.closing() == (4502, "The instrument's screen cannot be reached.")
    state = stage.access.console_state(SCOPE, by=STAFF)
    assert state.is_reachable is False
    assert state.problem
    assert state.operator is None


def test_what_was_held_is_let_go_over_a_new_connection_when_the_old_one_broke(stage: Stage, vnc: FakeVnc) -> None:
    with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
        viewer.pointer(1, 10, 20)
        vnc.wait_for(lambda: len(vnc.inputs) == 1)
        vnc.hang_up()
        vnc.wait_for(lambda: vnc.inputs[-1] == struct.pack("!BBHH", 5, 0, 10, 20))
