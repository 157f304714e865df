"""What a browser may send before, during and after a console, whatever uvicorn would take."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect
from tests.patience import eventually
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from cloudlet.access import frame_limiter
from cloudlet.processes.console_protocol import ConsoleProtocol
from cloudlet.processes.serve import server

UPGRADE = (
    b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
MASK = bytes(4)
EMPTY_FRAGMENT, PING, PONG, EMPTY_MESSAGE = (bytes([first, 0x80]) + MASK for first in (0x00, 0x89, 0x8A, 0x82))
BEGUN_MESSAGE = b"\x02\x81" + MASK + b"\x01"
ACCEPT_SECONDS = 0.3
FLOOD = 1000


def application(endings: list[int]) -> FastAPI:
    app = FastAPI()

    @app.websocket("/slow")
    async def slow(socket: WebSocket) -> None:
        await asyncio.sleep(ACCEPT_SECONDS)
        await socket.accept()
        await echo_all(socket)

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await echo_all(socket)

    @app.websocket("/turns")
    async def turns(socket: WebSocket) -> None:
        """Answer how many messages of a flood were taken at most before the event loop turned to others."""
        await socket.accept()
        taken_in: Counter[int] = Counter()
        turn = 0

        async def others() -> None:
            nonlocal turn
            while taken_in.total() < FLOOD:
                turn += 1
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(others())
            for _ in range(FLOOD):
                await socket.receive_bytes()
                taken_in[turn] += 1
        await socket.send_text(str(max(taken_in.values())))

    @app.websocket("/send")
    async def send(socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                await socket.send_bytes(bytes(1000))
                await asyncio.sleep(0.001)
        except WebSocketDisconnect as gone:
            endings.append(gone.code)

    async def echo_all(socket: WebSocket) -> None:
        try:
            while True:
                await socket.send_bytes(await socket.receive_bytes())
        except WebSocketDisconnect as gone:
            endings.append(gone.code)

    return app


class Serving:
    """A server, its port, and the codes with which connections ended for its application."""

    def __init__(self, served: uvicorn.Server, port: int, endings: list[int]) -> None:
        self.server = served
        self.port = port
        self.endings = endings


@pytest.fixture
def serving() -> Iterator[Serving]:
    endings: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = server(application(endings), ConsoleProtocol)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]})
        thread.start()
        eventually(lambda: served.started)
        yield Serving(served, listener.getsockname()[1], endings)
        served.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BEGUN_MESSAGE + EMPTY_FRAGMENT * 10_000, "empty fragments"),
        (BEGUN_MESSAGE + (b"\x00\x81" + MASK + b"\x01") * 10_000, "16 fragments"),
        (PING * 10_000, "pings and pongs"),
        (PONG * 10_000, "pings and pongs"),
    ],
)
def test_what_no_browser_sends_closes_with_a_sentence(serving: Serving, data: bytes, reason: str) -> None:
    with connect(f"ws://127.0.0.1:{serving.port}/echo") as browser:
        browser.socket.sendall(data)
        with pytest.raises(ConnectionClosed) as closed:
            browser.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        assert reason in closed.value.rcvd.reason
    eventually(lambda: serving.endings == [1008])
    eventually(lambda: not serving.server.server_state.connections)


def test_an_application_that_sends_meanwhile_hears_that_the_browser_is_gone(serving: Serving) -> None:
    with connect(f"ws://127.0.0.1:{serving.port}/send") as browser:
        browser.socket.sendall(PONG * 100)
        eventually(lambda: len(serving.endings) == 1)


def test_a_browser_that_sends_too_much_is_slowed_down_and_loses_nothing(serving: Serving) -> None:
    """It is not cut off as long as its answers to pings are not behind a backlog of five seconds."""
    count = round(frame_limiter.UNITS_BURST + frame_limiter.UNITS_PER_SECOND)
    with connect(f"ws://127.0.0.1:{serving.port}/echo") as browser:
        began = time.monotonic()
        browser.socket.sendall(b"".join(b"\x82\x82" + MASK + number.to_bytes(2) for number in range(count)))
        echoed = [int.from_bytes(browser.recv(timeout=10)) for _ in range(count)]
        took = time.monotonic() - began
    assert echoed == list(range(count))
    assert took > 0.7 * (count - frame_limiter.UNITS_BURST) / frame_limiter.UNITS_PER_SECOND


def test_a_flood_never_takes_more_than_a_slice_of_the_servers_time_at_once(serving: Serving) -> None:
    with connect(f"ws://127.0.0.1:{serving.port}/turns") as browser:
        browser.socket.sendall(EMPTY_MESSAGE * FLOOD)
        assert int(browser.recv(timeout=10)) <= frame_limiter.SLICE_FRAMES + 1


def test_nothing_is_answered_before_the_console_is_open(serving: Serving) -> None:
    with socket.create_connection(("127.0.0.1", serving.port), timeout=10) as browser:
        browser.sendall(UPGRADE + b"\r\n" + PING)  # in one read
        answer = browser.recv(1000)
        while not answer.endswith(b"\x8a\x00"):
            answer += browser.recv(1000)
        assert answer.startswith(b"HTTP/1.1 101")


def test_a_request_that_only_the_websocket_library_refuses_is_not_kept(serving: Serving) -> None:
    long = b"X-Header: " + 9000 * b"x" + b"\r\n"
    with socket.create_connection(("127.0.0.1", serving.port), timeout=10) as browser:
        browser.sendall(UPGRADE + long + b"\r\n")
        assert browser.recv(1000) == b""


def test_a_browser_that_leaves_a_flood_behind_is_noticed(serving: Serving) -> None:
    with connect(f"ws://127.0.0.1:{serving.port}/echo") as browser:
        browser.socket.sendall(EMPTY_MESSAGE * 3000)
        browser.socket.shutdown(socket.SHUT_RDWR)
    eventually(lambda: len(serving.endings) == 1)
    eventually(lambda: not serving.server.server_state.connections)
