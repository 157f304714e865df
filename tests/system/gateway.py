"""A gateway on loopback with people who may use it, and a viewer that says exactly what it is told."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from tests.patience import eventually
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from cloudlet.access import Access, AccessSettings, ConsoleSettings, Grant
from cloudlet.clock import utc_now
from cloudlet.database import Database, Table
from cloudlet.identity import Account, Actor, Identities, Identity, IdentitySettings, WebSession
from cloudlet.instruments import Instrument, Instruments, Level
from cloudlet.processes.console_protocol import ConsoleProtocol
from cloudlet.processes.gateway import create_gateway
from cloudlet.processes.serve import server

STAFF = Actor.host("staff")

__all__ = ["ORIGIN", "OTHER_SCOPE", "SCOPE", "STAFF", "Stage", "Viewer", "console_at", "gateway_process", "serving"]

ORIGIN = "http://127.0.0.1:9"
SCOPE, OTHER_SCOPE = "scope-1", "scope-2"
PATIENCE_SECONDS = 20.0
ROOT = Path(__file__).parents[2]


class Viewer:
    """A browser's end of a console."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._received = b""

    def begin(self) -> tuple[int, int]:
        """Shake hands and return the screen's width and height in pixels."""
        self.shake_hands()
        width, height, _format, length = struct.unpack("!HH16sI", self.exactly(24))
        self.exactly(length)
        return width, height

    def shake_hands(self) -> None:
        """Shake hands up to where the gateway opens the way to the instrument."""
        assert self.exactly(12) == b"RFB 003.008\n"
        self.send(b"RFB 003.008\n")
        assert self.exactly(2) == bytes([1, 1])
        self.send(b"\x01")
        assert self.exactly(4) == bytes(4)
        self.send(b"\x00")

    def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes of the stream."""
        while len(self._received) < count:
            data = self.connection.recv(timeout=PATIENCE_SECONDS)
            assert isinstance(data, bytes)
            self._received += data
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def send(self, data: bytes) -> None:
        """Send `data` as one WebSocket message."""
        self.connection.send(data)

    def pointer(self, buttons: int, x: int, y: int) -> None:
        """Move the pointer and press `buttons`."""
        self.send(struct.pack("!BBHH", 5, buttons, x, y))

    def key(self, is_down: bool, keysym: int) -> None:
        """Press or let go of a key."""
        self.send(struct.pack("!BBxxI", 4, is_down, keysym))

    def qemu_key(self, is_down: bool, keysym: int, keycode: int) -> None:
        """Press or let go of a key as noVNC does where it can."""
        self.send(struct.pack("!BBHII", 255, 0, is_down, keysym, keycode))

    def marker(self) -> None:
        """Send something harmless that everybody may send: what was sent before has arrived when it does."""
        self.send(struct.pack("!BBHHHH", 3, 1, 0, 0, 7, 7))

    def closing(self) -> tuple[int, str]:
        """Wait for the gateway to close, and return its code and reason."""
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                self.connection.recv(timeout=PATIENCE_SECONDS)
        received = closed.value.rcvd
        assert received is not None
        return received.code, received.reason

    def vanish(self) -> None:
        """Lose the connection as a killed browser does."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)


class Stage:
    """One database with people in it, and the gateway's port."""

    def __init__(self, url: str, port: int) -> None:
        self.database = Database(url)
        Table.metadata.create_all(self.database.engine)
        self.port = port
        self.identities = Identities(self.database, IdentitySettings())
        instruments = Instruments(self.database)
        for key in (SCOPE, OTHER_SCOPE):
            instruments.register(Instrument(key, key.title(), "A microscope."), by=STAFF)
        settings = AccessSettings(gateway_url=f"ws://127.0.0.1:{port}")
        self.access = Access(self.database, instruments, self.identities, settings)

    def person(self, username: str, level: Level | None) -> WebSession:
        """Sign somebody in, with a grant where a level is given."""
        identity = Identity("https://idp.example.org", username)
        self.identities.link(identity, Account(username, username.title()), by=Actor.host("test"))
        if level is not None:
            self.access.grant(Grant(username, SCOPE, level, utc_now(), None), by=Actor.host("test"))
        return self.identities.open_session(identity, username, f"secret of {username} {time.monotonic_ns()}")

    def socket(self, offered: tuple[str, ...], origin: str | None = ORIGIN, key: str = SCOPE) -> ClientConnection:
        """Open a socket that offers `offered`."""
        return connect(
            f"ws://127.0.0.1:{self.port}/console/{key}",
            subprotocols=[Subprotocol(name) for name in offered] or None,
            origin=None if origin is None else Origin(origin),
            compression=None,
            max_size=None,
            proxy=None,
        )

    @contextmanager
    def viewer(self, session: WebSession) -> Iterator[Viewer]:
        """Open a console for `session`, up to the RFB handshake."""
        with self.socket(self.access.issue_ticket(session, SCOPE).subprotocols) as connection:
            yield Viewer(connection)

    @contextmanager
    def console(self, session: WebSession) -> Iterator[Viewer]:
        """Open a console for `session` and go through the RFB handshake."""
        here = self._heads()
        with self.viewer(session) as viewer:
            viewer.begin()
            eventually(lambda: self._heads() > here)
            yield viewer

    def operator(self) -> str | None:
        """Return who has control."""
        operator = self.access.console_state(SCOPE, by=STAFF).operator
        return None if operator is None else operator.username

    def _heads(self) -> int:
        state = self.access.console_state(SCOPE, by=STAFF)
        return len(state.observers) + (state.operator is not None)


def console_at(port: int, password_file: Path | None = None) -> dict[str, ConsoleSettings]:
    """Return the settings of one console on loopback."""
    return {SCOPE: ConsoleSettings(host="127.0.0.1", port=port, password_file=password_file)}


@contextmanager
def serving(url: str, consoles: Mapping[str, ConsoleSettings], ping_seconds: float | None = None) -> Iterator[Stage]:
    """Serve a gateway from a thread, and close it with all its consoles."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stage = Stage(url, listener.getsockname()[1])
        gateway = _server(stage, consoles)
        if ping_seconds is not None:
            gateway.config.ws_ping_interval = gateway.config.ws_ping_timeout = ping_seconds
        thread = threading.Thread(target=gateway.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually(lambda: gateway.started)
            yield stage
        finally:
            gateway.should_exit = True
            thread.join()
            stage.database.close()


@contextmanager
def gateway_process(url: str, vnc_port: int) -> Iterator[tuple[Stage, subprocess.Popen[bytes]]]:
    """Serve a gateway from a process of its own; for tests that kill it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stage = Stage(url, listener.getsockname()[1])
        command = [sys.executable, "-m", "tests.system.gateway", url, str(vnc_port), str(listener.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[listener.fileno()])
    try:
        yield stage, process
    finally:
        process.kill()
        process.wait()
        stage.database.close()


def _serve(url: str, vnc_port: str, fd: str) -> None:
    listener = socket.socket(fileno=int(fd))
    stage = Stage(url, listener.getsockname()[1])
    _server(stage, console_at(int(vnc_port))).run(sockets=[listener])


def _server(stage: Stage, consoles: Mapping[str, ConsoleSettings]) -> uvicorn.Server:
    app = create_gateway(stage.database, stage.access, stage.identities, consoles, [ORIGIN])
    return server(app, ConsoleProtocol)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
