"""A VNC server that draws nothing and writes down every input message that reaches it.

It reads messages by its own table of lengths, so that the product's parser cannot excuse itself.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

__all__ = ["FakeVnc"]

PIXEL_FORMAT = struct.pack("!BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 0, 8, 16)
PATIENCE_SECONDS = 20.0
INPUT = {4, 5, 6, 250, 251, 255}


class FakeVnc:
    """Listens on a free port of 127.0.0.1 until closed; `messages` are in the order of arrival."""

    def __init__(self, flood: bool = False) -> None:
        self.messages: list[bytes] = []
        self.shared_flags: list[int] = []
        self.connections: list[socket.socket] = []
        self._flood = flood
        self._news = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def inputs(self) -> list[bytes]:
        """The messages that would have moved something."""
        return [message for message in self.messages if message[0] in INPUT]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; fail with what came instead where it never does."""
        with self._news:
            assert self._news.wait_for(condition, PATIENCE_SECONDS), self.messages[-10:]

    def hang_up(self) -> None:
        """Lose all connections, as a restarting server does."""
        for connection in tuple(self.connections):  # not those that come back at once
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening and hang up."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError, EOFError):
            self._shake_hands(connection, stream)
            if self._flood:
                threading.Thread(target=self._send_forever, args=(connection,), daemon=True).start()
            while True:
                message = self._message(stream)
                with self._news:
                    self.messages.append(message)
                    self._news.notify_all()

    def _shake_hands(self, connection: socket.socket, stream: object) -> None:
        connection.sendall(b"RFB 003.008\n")
        _exactly(stream, 12)
        connection.sendall(bytes([1, 1]))
        _exactly(stream, 1)
        connection.sendall(bytes(4))
        self.shared_flags.append(_exactly(stream, 1)[0])
        connection.sendall(struct.pack("!HH16sI", 640, 480, PIXEL_FORMAT, 4) + b"fake")

    def _message(self, stream: object) -> bytes:
        head = _exactly(stream, 1)
        match head[0]:
            case 2:
                head += _exactly(stream, 3)
                return head + _exactly(stream, 4 * int.from_bytes(head[2:4], "big"))
            case 6:
                head += _exactly(stream, 7)
                return head + _exactly(stream, int.from_bytes(head[4:8], "big"))
            case kind:
                length = {0: 20, 3: 10, 4: 8, 5: 6, 150: 10, 250: 4, 255: 12}[kind]
                return head + _exactly(stream, length - 1)

    def _send_forever(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(bytes(65536))
                time.sleep(0.001)


def _exactly(stream: object, count: int) -> bytes:
    data: bytes = stream.read(count)  # type: ignore[attr-defined]
    if len(data) < count:
        raise EOFError
    return data
