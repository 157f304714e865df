"""What was held is let go although the line to the instrument broke without a word."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.patience import eventually
from tests.system.fake_vnc import FakeVnc
from tests.system.gateway import console_at, serving
from tests.system.test_gateway_faults import silent_operator

from cloudlet.instruments import Level

pytestmark = pytest.mark.system

PRESS = struct.pack("!BBHH", 5, 1, 10, 20)
LET_GO = struct.pack("!BBHH", 5, 0, 10, 20)


class Cable:
    """A relay; what goes through a connection that stood when it was cut vanishes, and neither end hears of it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._cuts = 0
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Let everything vanish that is sent over the connections of now; later ones work."""
        self._cuts += 1

    def close(self) -> None:
        """Take the relay away, with all connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += (near, far)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._relay, args=(*ends, self._cuts), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket, cuts: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if cuts == self._cuts:
                    sink.sendall(data)
            if cuts == self._cuts:
                sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def cable(vnc: FakeVnc) -> Iterator[Cable]:
    cable = Cable(vnc.port)
    yield cable
    cable.close()


def test_what_was_held_is_let_go_when_the_network_that_swallowed_it_comes_back(
    tmp_path: Path, vnc: FakeVnc, cable: Cable
) -> None:
    with serving(f"sqlite:///{tmp_path / 'test.db'}", console_at(cable.port)) as stage:
        with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
            viewer.send(PRESS)
            vnc.wait_for(lambda: vnc.inputs == [PRESS])
            cable.cut()
            viewer.vanish()
        vnc.wait_for(lambda: vnc.inputs == [PRESS, LET_GO])
        eventually(lambda: stage.operator() is None)
    assert len(vnc.connections) == 2


def test_connection_that_stands_is_not_opened_again_to_let_go(tmp_path: Path, vnc: FakeVnc, cable: Cable) -> None:
    with serving(f"sqlite:///{tmp_path / 'test.db'}", console_at(cable.port)) as stage:
        with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
            viewer.send(PRESS)
            vnc.wait_for(lambda: vnc.inputs == [PRESS])
            viewer.vanish()
        eventually(lambda: stage.operator() is None)
    assert vnc.inputs == [PRESS, LET_GO]
    assert len(vnc.connections) == 1


def test_what_was_held_is_let_go_when_the_instrument_hung_up_behind_a_slow_browser(tmp_path: Path) -> None:
    vnc = FakeVnc(flood=True)
    with (
        serving(f"sqlite:///{tmp_path / 'test.db'}", console_at(vnc.port), ping_seconds=2.0) as stage,
        silent_operator(stage),
    ):
        vnc.wait_for(lambda: vnc.inputs == [PRESS])
        eventually(lambda: stage.operator() == "ada")
        vnc.hang_up()
        vnc.wait_for(lambda: vnc.inputs == [PRESS, LET_GO])
        eventually(lambda: stage.operator() is None)
    vnc.close()
