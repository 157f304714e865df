"""People who are not signed in and flood a server with HTTP, in a process of their own, coming back when thrown out."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import selectors
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

__all__ = ["STRANGERS", "Sending", "strangers"]

BLOCK_BYTES = 256 * 1024
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Sending:
    """What one connection sends: something first, then something over and over."""

    first: bytes
    again: bytes

    @cached_property
    def block(self) -> bytes:
        """As much of what is sent again as fits into one write."""
        return self.again * max(1, BLOCK_BYTES // len(self.again))


def _posting(length: bytes) -> bytes:
    return b"POST /health HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n\r\n"


ASK = b"GET /health HTTP/1.1\r\nHost: x\r\n"
STRANGERS: Mapping[str, Sending] = {
    "chunks of a byte": Sending(_posting(b"Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
    "heads of 2,500 headers": Sending(b"", ASK + b"a:\r\n" * 2500 + b"\r\n"),
    "heads of 100 headers": Sending(b"", ASK + b"a:\r\n" * 99 + b"\r\n"),
    "requests without end": Sending(b"", ASK + b"\r\n"),
    "a body without end": Sending(_posting(b"Content-Length: 100000000000"), b"x"),
}


@contextmanager
def strangers(port: int, kind: str, seconds: float, count: int = 8) -> Iterator[None]:
    """Have `count` connections flood, at most for `seconds`."""
    context = multiprocessing.get_context("spawn")
    has_begun = context.Event()
    process = context.Process(target=_flood, args=(port, kind, seconds, count, has_begun), daemon=True)
    process.start()
    try:
        assert has_begun.wait(30)
        yield
    finally:
        process.kill()
        process.join()


@dataclass
class _Sender:
    port: int
    sending: Sending
    selector: selectors.BaseSelector
    left: bytes = b""
    sent: int = 0
    connection: socket.socket = field(default_factory=socket.socket)

    def open(self) -> None:
        self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.connection.setblocking(False)
        self.left, self.sent = self.sending.first, 0
        self.selector.register(self.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def go_on(self, events: int) -> None:
        try:
            if events & selectors.EVENT_READ and not self.connection.recv(1 << 20):
                raise ConnectionError
            if events & selectors.EVENT_WRITE:
                self._send()
        except BlockingIOError:
            return
        except OSError:
            self.selector.unregister(self.connection)
            self.connection.close()
            with contextlib.suppress(OSError):
                self.open()

    def _send(self) -> None:
        if self.left:
            self.left = self.left[self.connection.send(self.left) :]
        else:
            block = self.sending.block
            self.sent += self.connection.send(memoryview(block)[self.sent % len(block) :])


def _flood(port: int, kind: str, seconds: float, count: int, has_begun: object) -> None:
    os.nice(19)  # people elsewhere would not take this machine's cores from the server
    selector = selectors.DefaultSelector()
    for _ in range(count):
        _Sender(port, STRANGERS[kind], selector).open()
    has_begun.set()  # type: ignore[attr-defined]
    end = time.monotonic() + seconds
    while selector.get_map() and time.monotonic() < end:
        for key, events in selector.select(LOOK_SECONDS):
            key.data.go_on(events)
