"""What one person's flood costs the others, and one stranger's: consoles, revocation, pages, memory, unread answers.

The gateway, the instruments and the flooding browsers are processes of their own. An operator moves the pointer of
another instrument, whose screen answers each movement by one pixel; quiet and flooded rounds alternate, and a bar is a
ratio to the quiet rounds of the same run. Every flood is bounded in time.
"""

from __future__ import annotations

import contextlib
import http.client
import multiprocessing
import socket
import statistics
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from fastapi import FastAPI
from starlette.responses import StreamingResponse
from tests.system.fake_vnc import FakeVnc
from tests.system.flooding import FLOODS, Window, flooding
from tests.system.gateway import ORIGIN, SCOPE, STAFF, Stage
from tests.system.strangers import STRANGERS, strangers

from benchmarks.ground.sign_in import portal_process
from benchmarks.report import Row
from cloudlet.access import ConsoleSettings, Grant
from cloudlet.clock import utc_now
from cloudlet.identity import WebSession
from cloudlet.instruments import Level
from cloudlet.portal.images import Picture, PictureResponse
from cloudlet.processes.connections import PromptProtocol
from cloudlet.processes.console_protocol import ConsoleProtocol
from cloudlet.processes.gateway import create_gateway
from cloudlet.processes.serve import server
from cloudlet.web.stream import ServerEvent, event_stream

__all__ = ["measure"]

OTHER = "scope-2"
WINDOWS = 8
ROUND_SECONDS = 3.0
WARM_UP_SECONDS = 0.5
ECHO_INTERVAL_SECONDS = 0.01
SETTLE_SECONDS = 1.0
FLOOD_SECONDS = 15.0
LOOK_SECONDS = 0.02
KINDS_WITHIN_RULES = ("empty messages", "messages of a byte")
"""Floods that are slowed down; the others are closed before anybody could revoke a grant."""
CONNECTIONS = 300
WRITE_SECONDS = 3.0
PIECE_BYTES, PIECES = 64 * 1024, 256
"""An answer of 16 MiB, more than the kernel would take for who does not read."""
MEGABYTE = 10**6
PICTURES, PICTURE_BYTES = 100, 15 * MEGABYTE
MOST_GROWN_MB = 50
PAGE_INTERVAL_SECONDS = 0.03
NO_PROVIDER = "http://127.0.0.1:9"
PRESS, LET_GO = (struct.pack("!BBHH", 5, buttons, 10, 20) for buttons in (1, 0))
UPDATE_BYTES = 20
SPAWN = multiprocessing.get_context("spawn")


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield the rows of this section."""
    seconds = ROUND_SECONDS / 3 if is_quick else ROUND_SECONDS
    with _two_instruments() as (stage, flooded):
        yield from _echo_rows(stage, seconds)
        yield from _revocation_rows(stage, flooded, 1 if is_quick else 3)
        yield from _stranger_rows(stage, flooded, seconds)
    yield from _page_rows(seconds)
    yield from _unread_rows()
    yield from _picture_rows()


def _echo_rows(stage: Stage, seconds: float) -> Iterator[Row]:
    operator = stage.person("olga", None)
    stage.access.grant(Grant("olga", OTHER, Level.OPERATE, utc_now(), None), by=STAFF)
    quiet, flooded = [], {}
    window = Window(stage.port, OTHER, stage.access.issue_ticket(operator, OTHER).subprotocols)
    for number, kind in enumerate(FLOODS):
        quiet.append(_echo_p95_ms(window, seconds))
        person = stage.person(f"observer-{number}", Level.OBSERVE)
        with flooding(stage.port, SCOPE, _offers(stage, person), kind, seconds + 5):
            time.sleep(WARM_UP_SECONDS)
            flooded[kind] = _echo_p95_ms(window, seconds)
        time.sleep(SETTLE_SECONDS)
    window.socket.close()
    usual = statistics.median(quiet)
    yield Row("echo p95 while nobody floods", usual, "ms")
    for kind, p95_ms in flooded.items():
        yield Row.at_most(f"echo p95 while 8 windows send {kind}, times quiet", p95_ms / usual, "", 3)


def _echo_p95_ms(window: Window, seconds: float) -> float:
    took = []
    end = time.monotonic() + seconds
    while (begin := time.monotonic()) < end:
        window.send(struct.pack("!BBHH", 5, 0, len(took) % 600, 1))
        window.exactly(UPDATE_BYTES)
        took.append(time.monotonic() - begin)
        time.sleep(ECHO_INTERVAL_SECONDS)
    return 1000 * float(np.percentile(took, 95))


def _revocation_rows(stage: Stage, flooded: FakeVnc, repetitions: int) -> Iterator[Row]:
    released, gone = [], []
    for number, kind in enumerate(KINDS_WITHIN_RULES * repetitions):
        one, all_eight = _revoke(stage, flooded, f"operator-{number}", kind)
        released.append(one)
        gone.append(all_eight)
    yield Row.at_most("longest from revocation until a flooder's button is up", max(released), "s", 1)
    yield Row.at_most("longest from revocation until all flooding windows are gone", max(gone), "s", 1)


def _revoke(stage: Stage, flooded: FakeVnc, username: str, kind: str) -> tuple[float, float]:
    """Return the seconds until the held button of a flooding operator was up, and until their windows were gone."""
    person = stage.person(username, Level.OPERATE)
    flooded.messages.clear()
    with flooding(stage.port, SCOPE, _offers(stage, person, WINDOWS - 1), kind, FLOOD_SECONDS):
        holding = Window(stage.port, SCOPE, stage.access.issue_ticket(person, SCOPE).subprotocols)  # takes control
        holding.send(PRESS)
        flooded.wait_for(lambda: PRESS in flooded.inputs)
        flood = threading.Thread(target=_flood_on, args=(holding.socket, kind))
        flood.start()
        time.sleep(WARM_UP_SECONDS)
        begin = time.monotonic()
        stage.access.revoke(username, SCOPE, by=STAFF)
        flooded.wait_for(lambda: LET_GO in flooded.inputs)
        released = time.monotonic() - begin
        while stage.operator() is not None or stage.access.console_state(SCOPE, by=STAFF).observers:
            assert time.monotonic() < begin + FLOOD_SECONDS, "revoked windows stay"
            time.sleep(LOOK_SECONDS)
        gone = time.monotonic() - begin
        holding.socket.shutdown(socket.SHUT_RDWR)
        flood.join()
    return released, gone


def _stranger_rows(stage: Stage, flooded: FakeVnc, seconds: float) -> Iterator[Row]:
    """Measure a console while people flood who are not even signed in."""
    operator = stage.person("sven", Level.OPERATE)
    stage.access.grant(Grant("sven", OTHER, Level.OPERATE, utc_now(), None), by=STAFF)
    quiet, during, released = [], {}, []
    window = Window(stage.port, OTHER, stage.access.issue_ticket(operator, OTHER).subprotocols)
    for number, kind in enumerate(STRANGERS):
        quiet.append(_echo_p95_ms(window, seconds))
        with strangers(stage.port, kind, seconds + 5):
            time.sleep(WARM_UP_SECONDS)
            during[kind] = _echo_p95_ms(window, seconds)
        released.append(_release_seconds(stage, flooded, f"held-{number}", kind))
        time.sleep(SETTLE_SECONDS)
    window.socket.close()
    usual = statistics.median(quiet)
    for kind, p95_ms in during.items():
        yield Row.at_most(f"echo p95 while 8 strangers send {kind}, times quiet", p95_ms / usual, "", 3)
    yield Row.at_most("longest from revocation until a button is up meanwhile", max(released), "s", 1)


def _release_seconds(stage: Stage, flooded: FakeVnc, username: str, kind: str) -> float:
    person = stage.person(username, Level.OPERATE)
    flooded.messages.clear()
    window = Window(stage.port, SCOPE, stage.access.issue_ticket(person, SCOPE).subprotocols)
    with window.socket, strangers(stage.port, kind, FLOOD_SECONDS):
        window.send(PRESS)
        flooded.wait_for(lambda: PRESS in flooded.inputs)
        time.sleep(WARM_UP_SECONDS)
        begin = time.monotonic()
        stage.access.revoke(username, SCOPE, by=STAFF)
        flooded.wait_for(lambda: LET_GO in flooded.inputs)
        return time.monotonic() - begin


def _page_rows(seconds: float) -> Iterator[Row]:
    """Measure the portal's pages, each asked for over a connection of its own, and its memory while strangers flood."""
    with tempfile.TemporaryDirectory() as folder, portal_process(Path(folder), NO_PROVIDER) as (url, pid):
        portal, port = psutil.Process(pid), int(url.rpartition(":")[2])
        _page_p95_ms(url, seconds)  # it starts, and fills its caches
        begin_bytes = portal.memory_info().rss
        quiet, during, grown = [], {}, []
        for kind in STRANGERS:
            quiet.append(_page_p95_ms(url, seconds))
            with strangers(port, kind, seconds + 5):
                time.sleep(WARM_UP_SECONDS)
                during[kind] = _page_p95_ms(url, seconds)
                grown.append(portal.memory_info().rss - begin_bytes)
            time.sleep(SETTLE_SECONDS)
        usual = statistics.median(quiet)
        yield Row("GET / p95, quiet", usual, "ms")
        for kind, p95_ms in during.items():
            yield Row.at_most(f"GET / p95 while 8 strangers send {kind}, times quiet", p95_ms / usual, "", 3)
        yield Row.at_most("memory that the portal grows by meanwhile", max(grown) / MEGABYTE, "MB", MOST_GROWN_MB)


def _page_p95_ms(url: str, seconds: float) -> float:
    took, host = [], url.rpartition("/")[2]
    end = time.monotonic() + seconds
    while (begin := time.monotonic()) < end:
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("GET", "/")
        assert connection.getresponse().read().rstrip().endswith(b"</html>")
        connection.close()
        took.append(time.monotonic() - begin)
        time.sleep(PAGE_INTERVAL_SECONDS)
    return 1000 * float(np.percentile(took, 95))


def _flood_on(connection: socket.socket, kind: str) -> None:
    end = time.monotonic() + FLOOD_SECONDS
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            connection.sendall(FLOODS[kind].block)


def _offers(stage: Stage, person: WebSession, count: int = WINDOWS) -> list[tuple[str, ...]]:
    return [stage.access.issue_ticket(person, SCOPE).subprotocols for _ in range(count)]


@contextmanager
def _two_instruments() -> Iterator[tuple[Stage, FakeVnc]]:
    """Yield a gateway before an instrument that only listens and, as `OTHER`, one that answers the pointer."""
    flooded = FakeVnc()
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        stage = Stage(f"sqlite:///{Path(folder) / 'bench.db'}", listener.getsockname()[1])
        mine, theirs = SPAWN.Pipe()
        with _process(_serve_echo, theirs):
            ports = {SCOPE: flooded.port, OTHER: mine.recv()}
            with _process(_serve_gateway, f"sqlite:///{Path(folder) / 'bench.db'}", listener, ports):
                yield stage, flooded
        stage.database.close()
    flooded.close()


@contextmanager
def _process(target: Any, *arguments: Any) -> Iterator[Any]:
    process = SPAWN.Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _serve_gateway(url: str, listener: socket.socket, ports: dict[str, int]) -> None:
    stage = Stage(url, listener.getsockname()[1])
    consoles = {key: ConsoleSettings(host="127.0.0.1", port=port) for key, port in ports.items()}
    app = create_gateway(stage.database, stage.access, stage.identities, consoles, [ORIGIN])
    server(app, ConsoleProtocol).run(sockets=[listener])


class _EchoVnc(FakeVnc):
    """Answers each movement of the pointer with one pixel."""

    def _message(self, stream: Any) -> bytes:
        message = super()._message(stream)
        if message[0] == 5:
            place = message[2:]
            update = struct.pack("!BxH", 0, 1) + place + struct.pack("!HHi", 1, 1, 0) + place
            self.connections[-1].sendall(update)
        return message


def _serve_echo(pipe: Any) -> None:
    echo = _EchoVnc()
    pipe.send(echo.port)
    time.sleep(3600)


def _unread_rows() -> Iterator[Row]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        port = listener.getsockname()[1]
        with _process(_serve_much, listener) as process:
            for path in ("answer", "events"):
                connections = [_asking(port, path) for _ in range(CONNECTIONS)]
                for connection in connections:
                    connection.recv(1, socket.MSG_PEEK)  # the answer has begun; nothing is taken of it
                time.sleep(2 * WRITE_SECONDS)
                kept = _established(process.pid, port)
                for connection in connections:
                    connection.close()
                name = f"connections of {CONNECTIONS} kept that ask for {path} and never read"
                yield Row.at_most(name, kept, "", 0)


def _picture_rows() -> Iterator[Row]:
    """Measure the memory for pictures that are asked for and not read."""
    with tempfile.NamedTemporaryFile() as file, socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        file.truncate(PICTURE_BYTES)
        port = listener.getsockname()[1]
        with _process(_serve_picture, listener, file.name) as process:
            server = psutil.Process(process.pid)
            assert len(httpx.get(f"http://127.0.0.1:{port}/", timeout=30).content) == PICTURE_BYTES
            before = server.memory_info().rss
            connections = [_asking(port, "") for _ in range(PICTURES)]
            for connection in connections:
                connection.recv(1, socket.MSG_PEEK)
            time.sleep(SETTLE_SECONDS)
            grown = server.memory_info().rss - before
            for connection in connections:
                connection.close()
    name = f"memory for {PICTURES} pictures of {PICTURE_BYTES // MEGABYTE} MB that nobody reads"
    yield Row.at_most(name, grown / MEGABYTE, "MB", MOST_GROWN_MB)


def _serve_picture(listener: socket.socket, path: str) -> None:
    app = FastAPI()

    @app.get("/")
    def picture() -> PictureResponse:
        return PictureResponse(Picture(Path(path).open("rb"), PICTURE_BYTES, "image/png"), {})

    server(app).run(sockets=[listener])


def _established(pid: int, port: int) -> int:
    """Return how many connections the server itself has; a browser that does not read hears nothing of their end."""
    connections = psutil.Process(pid).net_connections("tcp")
    return sum(each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in connections)


def _asking(port: int, path: str) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def _serve_much(listener: socket.socket) -> None:
    """Serve a long answer and a stream of many events, as the portal is served."""
    PromptProtocol.write_seconds = WRITE_SECONDS
    app = FastAPI()

    @app.get("/answer")
    async def answer() -> StreamingResponse:
        return StreamingResponse(bytes(PIECE_BYTES) for _ in range(PIECES))

    @app.get("/events")
    async def events() -> StreamingResponse:
        async def many() -> Any:
            for number in range(100_000):
                yield ServerEvent(number, "news", {"text": 200 * "x"})

        return event_stream(many())

    server(app).run(sockets=[listener])
