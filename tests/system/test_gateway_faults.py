"""What the gateway does when networks, viewers and the gateway itself fail."""

from __future__ import annotations

import socket
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute
from tests.patience import eventually
from tests.system.fake_vnc import FakeVnc
from tests.system.gateway import ORIGIN, SCOPE, Stage, console_at, gateway_process, serving
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from cloudlet.access import Grant, presence_store, service
from cloudlet.access.close_codes import DATABASE_SILENT
from cloudlet.access.store import ControlRow
from cloudlet.access.viewer_monitor import CHECK_SECONDS, LEASE_SECONDS
from cloudlet.audit import read
from cloudlet.clock import utc_now
from cloudlet.identity import Actor
from cloudlet.instruments import Level

STAFF = Actor.host("staff")

pytestmark = pytest.mark.system

LET_GO = struct.pack("!BBHH", 5, 0, 10, 20)
CONTROL = 0xFFE3
PRESS = struct.pack("!BBHH", 5, 1, 10, 20)


@contextmanager
def listening() -> Iterator[FakeVnc]:
    server = FakeVnc(flood=True)
    yield server
    server.close()


def silent_operator(stage: Stage) -> socket.socket:
    """Open a console, press a button, and never read or answer anything again."""
    offered = stage.access.issue_ticket(stage.person("ada", Level.OPERATE), SCOPE).subprotocols
    uri = parse_uri(f"ws://127.0.0.1:{stage.port}/console/{SCOPE}")
    protocol = ClientProtocol(uri, origin=Origin(ORIGIN), subprotocols=[Subprotocol(name) for name in offered])
    connection = socket.create_connection(("127.0.0.1", stage.port))
    protocol.send_request(protocol.connect())
    connection.sendall(b"".join(protocol.data_to_send()))
    protocol.receive_data(connection.recv(65536))
    for message in (b"RFB 003.008\n", b"\x01", b"\x01", PRESS):
        protocol.send_binary(message)
    connection.sendall(b"".join(protocol.data_to_send()))
    return connection


def test_operator_whose_network_is_gone_lets_go_though_the_screen_is_still_being_sent(tmp_path: Path) -> None:
    with (
        listening() as vnc,
        serving(f"sqlite:///{tmp_path / 'test.db'}", console_at(vnc.port), ping_seconds=2.0) as stage,
        silent_operator(stage),
    ):
        vnc.wait_for(lambda: vnc.inputs[:1] == [PRESS])
        vnc.wait_for(lambda: vnc.inputs == [PRESS, LET_GO])
        eventually(lambda: stage.operator() is None)


def test_flood_of_input_ends_the_one_who_floods(tmp_path: Path) -> None:
    vnc = FakeVnc()
    with serving(f"sqlite:///{tmp_path / 'test.db'}", console_at(vnc.port)) as stage:
        with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
            viewer.send(PRESS * 10_000)
            code, reason = viewer.closing()
        assert code == 1002
        assert "floods" in reason
        vnc.wait_for(lambda: vnc.inputs[-1] == LET_GO)
    vnc.close()


def test_killed_gateway_is_cleared_up_after_by_the_next(tmp_path: Path) -> None:
    vnc, url = FakeVnc(), f"sqlite:///{tmp_path / 'test.db'}"
    with (
        gateway_process(url, vnc.port) as (stage, process),
        stage.console(stage.person("ada", Level.OPERATE)) as viewer,
    ):
        viewer.send(PRESS)
        viewer.key(True, CONTROL)
        eventually(lambda: noted_buttons(stage) == 1)
        vnc.wait_for(lambda: len(vnc.inputs) == 2)
        process.kill()
    assert vnc.inputs == [PRESS, struct.pack("!BBxxI", 4, True, CONTROL)]
    with serving(url, console_at(vnc.port)) as successor:
        vnc.wait_for(lambda: struct.pack("!BBxxI", 4, False, CONTROL) in vnc.inputs)
        assert vnc.inputs[2] == LET_GO
        state = successor.access.console_state(SCOPE, by=STAFF)
        with successor.database.read() as work:
            (released,) = read(work, what="access.control-released")
    vnc.close()
    assert (state.operator, state.observers) == (None, ())
    assert released.act.detail["cause"] == "gateway ended unexpectedly"
    assert released.act.detail["operator"] == "ada"


CYRILLIC_A, SHIFT_CODE = 0x6C1, 0x2A


def test_keys_that_no_list_of_usual_ones_holds_are_let_go_of_after_a_killed_gateway(tmp_path: Path) -> None:
    vnc, url = FakeVnc(), f"sqlite:///{tmp_path / 'test.db'}"
    with (
        gateway_process(url, vnc.port) as (stage, process),
        stage.console(stage.person("ada", Level.OPERATE)) as viewer,
    ):
        viewer.key(True, CYRILLIC_A)
        viewer.qemu_key(True, 0xFFE1, SHIFT_CODE)
        vnc.wait_for(lambda: len(vnc.inputs) == 2)
        eventually(lambda: recorded(stage, ControlRow.has_scan_codes) is True)
        process.kill()
    with serving(url, console_at(vnc.port)):
        vnc.wait_for(lambda: struct.pack("!BBHII", 255, 0, 0, 0, 0xFF) in vnc.inputs)
    vnc.close()
    assert struct.pack("!BBxxI", 4, False, CYRILLIC_A) in vnc.inputs
    codes = [message[8:] for message in vnc.inputs[2:] if message[0] == 255]
    assert codes == [struct.pack("!I", code) for code in range(1, 256)]


def test_server_that_knows_no_scan_codes_hears_of_none_after_a_killed_gateway(tmp_path: Path) -> None:
    vnc, url = FakeVnc(), f"sqlite:///{tmp_path / 'test.db'}"
    with (
        gateway_process(url, vnc.port) as (stage, process),
        stage.console(stage.person("ada", Level.OPERATE)) as viewer,
    ):
        viewer.send(PRESS)
        eventually(lambda: noted_buttons(stage) == 1)
        process.kill()
    with serving(url, console_at(vnc.port)):
        vnc.wait_for(lambda: struct.pack("!BBxxI", 4, False, 0xFF7E) in vnc.inputs)  # the last of the usual ones
    vnc.close()
    assert {message[0] for message in vnc.inputs} == {4, 5}


def test_gateway_that_is_asked_to_stop_lets_go_and_says_so_on_the_record(tmp_path: Path) -> None:
    vnc, url = FakeVnc(), f"sqlite:///{tmp_path / 'test.db'}"
    with (
        gateway_process(url, vnc.port) as (stage, process),
        stage.console(stage.person("ada", Level.OPERATE)) as viewer,
    ):
        viewer.send(PRESS)
        vnc.wait_for(lambda: vnc.inputs == [PRESS])
        process.terminate()
        process.wait(20)
        vnc.wait_for(lambda: vnc.inputs == [PRESS, LET_GO])
        assert stage.operator() is None
        with stage.database.read() as work:
            (released,) = read(work, what="access.control-released")
    vnc.close()
    assert released.act.detail["cause"] == "gateway stopped"


def noted_buttons(stage: Stage) -> int | None:
    return recorded(stage, ControlRow.buttons)


def recorded(stage: Stage, column: InstrumentedAttribute[Any]) -> Any:
    with stage.database.read() as work:
        return work.scalar(select(column).where(ControlRow.until.is_(None)))


@contextmanager
def stopped_writer(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the place of all writers, as a process does that was stopped within a unit of work."""
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    finally:
        connection.close()


def test_grant_that_ends_acts_at_once_though_nothing_can_be_written(tmp_path: Path, vnc: FakeVnc, stage: Stage) -> None:
    ada = stage.person("ada", None)
    ends_at = utc_now() + timedelta(seconds=8)
    stage.access.grant(Grant("ada", SCOPE, Level.OPERATE, utc_now(), ends_at), by=STAFF)
    with stage.console(ada) as viewer, stopped_writer(tmp_path / "test.db"):
        code, reason = viewer.closing()
        late_seconds = (utc_now() - ends_at).total_seconds()
    assert (code, reason) == (4403, "You have no access to this instrument now.")
    assert late_seconds < CHECK_SECONDS + 1.0
    eventually(lambda: stage.operator() is None)


def test_input_that_cannot_be_recorded_is_held_back_and_let_go_of_and_goes_on_afterwards(
    tmp_path: Path, vnc: FakeVnc, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
        viewer.pointer(0, 10, 20)
        eventually(lambda: noted_buttons(stage) == 0)
        with stopped_writer(tmp_path / "test.db"):
            begun = time.monotonic()
            viewer.send(PRESS)
            vnc.wait_for(lambda: vnc.inputs[1:] == [PRESS, LET_GO])
            assert time.monotonic() - begun < LEASE_SECONDS + 1.0
            viewer.key(True, CONTROL)
            viewer.send(PRESS)
            viewer.marker()
            vnc.wait_for(lambda: vnc.messages[-1][0] == 3)  # who looks on is not disturbed
            assert vnc.inputs[1:] == [PRESS, LET_GO]
        eventually(lambda: "input goes on" in caplog.text)
        viewer.key(True, CONTROL)
        vnc.wait_for(lambda: vnc.inputs[-1] == struct.pack("!BBxxI", 4, True, CONTROL))
        assert stage.operator() == "ada"
    assert "the operator's input is held back" in caplog.text


def test_nothing_is_pressed_that_a_successor_could_not_let_go_of(tmp_path: Path) -> None:
    vnc, url = FakeVnc(), f"sqlite:///{tmp_path / 'test.db'}"
    with (
        gateway_process(url, vnc.port) as (stage, process),
        stage.console(stage.person("ada", Level.OPERATE)) as viewer,
    ):
        eventually(lambda: stage.operator() == "ada")
        with stopped_writer(tmp_path / "test.db"):
            viewer.key(True, CONTROL)
            viewer.key(True, CYRILLIC_A)
            viewer.qemu_key(True, 0xFFE1, SHIFT_CODE)
            viewer.send(PRESS)
            vnc.wait_for(lambda: bool(vnc.inputs))
            time.sleep(1.0)
            process.kill()
            process.wait()
    with serving(url, console_at(vnc.port)):
        vnc.wait_for(lambda: struct.pack("!BBxxI", 4, False, CONTROL) in vnc.inputs)
    vnc.close()
    assert [message for message in vnc.inputs if message[1]] == [struct.pack("!BBxxI", 4, True, CONTROL)]


def test_who_opens_a_console_while_nothing_can_be_written_hears_why(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_store, "OPENING_SECONDS", 0.5)
    monkeypatch.setattr(service, "OPENING_SECONDS", 0.5)
    ada = stage.person("ada", Level.OPERATE)
    offered = stage.access.issue_ticket(ada, SCOPE).subprotocols
    with stopped_writer(tmp_path / "test.db"), pytest.raises(InvalidStatus) as refused:
        stage.socket(offered)
    assert refused.value.response.status_code == 503
    with stage.viewer(ada) as viewer, stopped_writer(tmp_path / "test.db"):
        viewer.shake_hands()
        code, reason = viewer.closing()
    assert code == DATABASE_SILENT
    assert "database" in reason
