from __future__ import annotations

import asyncio
import http.client
import resource
import socket
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack

import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket
from tests.patience import eventually
from websockets.sync.client import connect

from cloudlet.processes import connections
from cloudlet.processes.connections import (
    FAREWELL_SECONDS,
    PromptProtocol,
    raise_connection_limit,
)
from cloudlet.processes.console_protocol import ConsoleProtocol
from cloudlet.processes.serve import server
from cloudlet.web.stream import ServerEvent, event_stream

PATIENCE = 0.4
WRITE_PATIENCE = 1.0
MOST = 5
QUICK = b"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
PIECE = bytes(64 * 1024)
READ_BYTES = 256 * 1024
"""What uvloop reads at once at most."""
PIECES = 256
"""16 MiB, more than the kernel takes for who does not read."""


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(2 * PATIENCE)
        return "done"

    @app.post("/quick")
    async def quick() -> str:
        return "done"

    @app.post("/length")
    async def length(request: Request) -> str:
        return str(len(await request.body()))

    @app.post("/refusing")
    async def refusing() -> StreamingResponse:
        return StreamingResponse(PIECE for _ in range(2))

    @app.get("/long")
    async def long() -> StreamingResponse:
        return StreamingResponse(PIECE for _ in range(PIECES))

    @app.get("/events")
    async def events() -> StreamingResponse:
        async def many() -> AsyncGenerator[ServerEvent, None]:
            for number in range(100_000):
                yield ServerEvent(number, "news", {"text": 200 * "x"})

        return event_stream(many())

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())

    return app


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[uvicorn.Server, int]]:
    """Serve an application as the gateway is served, with less patience."""
    monkeypatch.setattr(PromptProtocol, "head_seconds", PATIENCE)
    monkeypatch.setattr(PromptProtocol, "write_seconds", WRITE_PATIENCE)
    monkeypatch.setattr(PromptProtocol, "max_connections", MOST)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = server(application(), ConsoleProtocol)
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
        thread.start()
        while not serving.started:
            time.sleep(0.01)
        yield serving, listener.getsockname()[1]
        serving.should_exit = True
        thread.join()


@pytest.fixture
def port(serving: tuple[uvicorn.Server, int]) -> int:
    return serving[1]


def reader_of_nothing(port: int, path: str) -> socket.socket:
    """Ask, and let the answer begin, but take nothing of it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert connection.recv(1, socket.MSG_PEEK)
    return connection


def answer(connection: socket.socket, request: bytes) -> bytes:
    """Send `request`, and return what comes back up to the body of an answer."""
    connection.settimeout(10)
    connection.sendall(request)
    received = b""
    while not received.endswith(b'"done"') and (data := connection.recv(1000)):
        received += data
    return received


def closed_after(connection: socket.socket, drip: bytes = b"") -> float:
    """Return the seconds until the server closes, where the bytes of `drip` are sent one by one over and over."""
    began = time.monotonic()
    connection.settimeout(PATIENCE / 10)
    while time.monotonic() - began < 20 * PATIENCE:
        try:
            connection.sendall(drip)
            if not connection.recv(1000):
                return time.monotonic() - began
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - began
    raise AssertionError("the connection stays open")


@pytest.mark.parametrize("begun", [b"", b"GET /slow HTTP/1.1\r\nHost: x\r\n"])
@pytest.mark.parametrize("drip", [b"", b"a"])
def test_a_connection_without_a_whole_request_head_is_closed_soon(port: int, begun: bytes, drip: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(begun)
        assert closed_after(connection, drip if begun else b"") > PATIENCE / 2


def test_the_rest_of_a_refused_request_is_not_taken_for_ever(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        closed_after(connection, b"a")


def test_an_answer_takes_as_long_as_it_takes_and_the_connection_serves_again(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for pause in (0.0, PATIENCE / 2, PATIENCE / 2):
        time.sleep(pause)
        connection.request("GET", "/slow")
        assert connection.getresponse().read() == b'"done"'
        assert connection.sock is not None
    connection.close()


def test_a_websocket_stays_open_however_silent(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/echo") as viewer:
        time.sleep(2 * PATIENCE)
        viewer.send("still here")
        assert viewer.recv() == "still here"


@pytest.mark.parametrize("path", ["long", "events"])
def test_a_connection_whose_browser_never_reads_is_ended(serving: tuple[uvicorn.Server, int], path: str) -> None:
    with reader_of_nothing(serving[1], path):
        assert serving[0].server_state.connections
        eventually(lambda: not serving[0].server_state.connections)
        eventually(lambda: not serving[0].server_state.tasks)


def test_a_browser_that_reads_slowly_gets_its_whole_answer(port: int) -> None:
    with reader_of_nothing(port, "long") as connection:
        taken, end = 0, time.monotonic() + 3 * WRITE_PATIENCE
        while time.monotonic() < end:
            time.sleep(WRITE_PATIENCE / 5)
            taken += len(connection.recv(4096))
        assert taken < len(PIECE) * PIECES / 100
        while data := connection.recv(1 << 20):
            taken += len(data)
        assert taken > len(PIECE) * PIECES


def test_requests_sent_at_once_are_answered_one_after_the_other(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        count = 50
        connection.sendall(QUICK * count)
        received = b""
        while received.count(b'"done"') < count:
            received += connection.recv(100_000)


def test_nothing_is_taken_of_what_follows_a_request_that_is_being_answered(serving: tuple[uvicorn.Server, int]) -> None:
    with socket.create_connection(("127.0.0.1", serving[1]), timeout=10) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.setblocking(False)
        sent, end = 0, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                sent += connection.send(QUICK * 1000)
            except BlockingIOError:
                time.sleep(0.01)
        eventually(lambda: len(serving[0].server_state.connections) == 1)
        (protocol,) = serving[0].server_state.connections
        assert protocol.held_bytes <= READ_BYTES < sent  # type: ignore[union-attr]
        assert serving[0].server_state.total_requests == 0


@pytest.mark.parametrize("body", [b"x" * 300_000, b"1\r\n" * 5000], ids=["long", "of lines"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_arrives_whole(port: int, body: bytes, is_chunked: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(2):
        pieces = (body[place : place + 777] for place in range(0, len(body), 777))
        connection.request("POST", "/length", pieces if is_chunked else body, encode_chunked=is_chunked)
        assert connection.getresponse().read() == b'"%d"' % len(body)
    connection.close()


@pytest.mark.parametrize("field", [b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"])
def test_an_answer_that_did_not_wait_for_the_body_arrives_and_the_connection_ends(port: int, field: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /refusing HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n" + 3000 * b"1\r\nx\r\n")
        received = b""
        while data := connection.recv(100_000):
            received += data
        assert received.endswith(b"0\r\n\r\n")
        assert len(received) > 2 * len(PIECE)
        assert closed_after(connection, b"1\r\nx\r\n") < FAREWELL_SECONDS + 1


def test_who_waits_to_be_asked_for_the_body_is_asked(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(b"abc")
        assert b"200 OK" in connection.recv(1000)


@pytest.mark.parametrize("head", [b"a: b\r\n" * 101, b"a: " + b"b" * 20_000], ids=["many headers", "a long one"])
def test_a_head_that_no_browser_sends_is_refused_with_a_sentence(port: int, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n" + head)
        received = b""
        while data := connection.recv(1000):
            received += data
        assert received.startswith(b"HTTP/1.1 431 ")
        assert received.endswith(b"has more than 16384 bytes or 100 headers.")


def test_what_all_hold_together_is_bounded(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HELD_BYTES", 40_000)
    slow = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as stack:
        senders = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(MOST)]
        for sender in senders:
            sender.sendall(slow)
        time.sleep(PATIENCE / 4)
        for sender in senders:
            sender.sendall(slow * 800)
        assert min(closed_after(sender) for sender in senders[2:]) < PATIENCE


def test_headers_after_a_body_are_bounded(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert closed_after(connection, b"0\r\n" + 3000 * b"a:\r\n") < 5


def test_where_there_are_too_many_the_one_that_was_idle_longest_goes(serving: tuple[uvicorn.Server, int]) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", serving[1]))) for _ in range(MOST)]
        assert answer(connections[0], QUICK).endswith(b'"done"')
        newcomer = stack.enter_context(socket.create_connection(("127.0.0.1", serving[1])))
        assert closed_after(connections[1]) < PATIENCE / 2
        for each in (newcomer, connections[0], connections[-1]):
            assert answer(each, QUICK).endswith(b'"done"')


def test_a_process_may_hold_all_the_connections_that_the_host_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard - 1), hard))
    try:
        raise_connection_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
