"""Browsers that flood the gateway, in a process of their own, as fast as it takes what they send."""

from __future__ import annotations

import multiprocessing
import os
import selectors
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.system.gateway import ORIGIN
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

__all__ = ["ASK", "FLOODS", "Flood", "Window", "flooding"]

BLOCK_BYTES = 64 * 1024
MASK = b"\x80\x00\x00\x00\x00"
ASK = struct.pack("!BBHHHH", 3, 1, 0, 0, 7, 7)


def frame(first: int, payload: bytes = b"") -> bytes:
    """Return a frame under a mask of zeros; `first` is FIN and opcode."""
    if len(payload) < 126:
        return bytes([first, 0x80 | len(payload)]) + MASK[1:] + payload
    return struct.pack("!BBH", first, 0x80 | 126, len(payload)) + MASK[1:] + payload


@dataclass(frozen=True)
class Flood:
    """What one browser sends over and over."""

    first: bytes
    again: bytes
    piece_bytes: int = BLOCK_BYTES
    """What goes to the network at once."""
    pause_seconds: float = 0.0
    """Between two writes of all windows."""

    @property
    def block(self) -> bytes:
        """Return as much of what is sent again as fits into one write."""
        return self.again * max(1, BLOCK_BYTES // len(self.again))


FLOODS: Mapping[str, Flood] = {
    "empty fragments": Flood(frame(0x02, b"\x03"), frame(0x00)),
    "fragments of a byte": Flood(frame(0x02, b"\x03"), frame(0x00, b"\x01")),
    "pings": Flood(b"", frame(0x89)),
    "unsolicited pongs": Flood(b"", frame(0x8A)),
    "empty messages": Flood(b"", frame(0x82)),
    "messages of a byte": Flood(b"", b"".join(frame(0x82, bytes([byte])) for byte in ASK)),
    "long messages of short requests": Flood(b"", frame(0x82, ASK * 6000)),
    # unpaced, the kernel's own work for packets of one byte over loopback is all that is measured
    "single bytes": Flood(b"", frame(0x82, ASK * 6000), piece_bytes=1, pause_seconds=0.0005),
}


class Window:
    """A browser's socket, open up to the instrument's screen."""

    def __init__(self, port: int, key: str, offered: Sequence[str]) -> None:
        uri = parse_uri(f"ws://127.0.0.1:{port}/console/{key}")
        names = [Subprotocol(name) for name in offered]
        self.protocol = ClientProtocol(uri, origin=Origin(ORIGIN), subprotocols=names, max_size=None)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.protocol.send_request(self.protocol.connect())
        self.flush()
        self._stream = b""
        for expected, answer in ((12, b"RFB 003.008\n"), (2, b"\x01"), (4, b"\x01")):
            self.exactly(expected)
            self.send(answer)
        length = int.from_bytes(self.exactly(24)[20:])
        self.exactly(length)

    def send(self, data: bytes) -> None:
        """Send `data` as one message."""
        self.protocol.send_binary(data)
        self.flush()

    def flush(self) -> None:
        """Send what the protocol has to say."""
        self.socket.sendall(b"".join(self.protocol.data_to_send()))

    def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes of the instrument's stream.

        Raises
        ------
        ConnectionError
            The gateway closed.
        """
        while len(self._stream) < count:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"closed: {self.protocol.close_rcvd}")
            self.protocol.receive_data(data)
            self.flush()
            frames = [event for event in self.protocol.events_received() if isinstance(event, Frame)]
            self._stream += b"".join(bytes(each.data) for each in frames if each.opcode == 2)
        taken, self._stream = self._stream[:count], self._stream[count:]
        return taken


@contextmanager
def flooding(port: int, key: str, offers: Sequence[Sequence[str]], kind: str, seconds: float) -> Iterator[None]:
    """Have one window for each of `offers` flood from another process, at most for `seconds`."""
    context = multiprocessing.get_context("spawn")
    is_open = context.Event()
    process = context.Process(target=_flood, args=(port, key, offers, kind, seconds, is_open), daemon=True)
    process.start()
    try:
        assert is_open.wait(30), f"no window opened to flood with {kind}"
        yield
    finally:
        process.kill()
        process.join()


def _flood(port: int, key: str, offers: Sequence[Sequence[str]], kind: str, seconds: float, is_open: object) -> None:
    os.nice(19)  # a browser elsewhere would not take this machine's cores from the gateway
    flood = FLOODS[kind]
    windows = selectors.DefaultSelector()
    for offered in offers:
        window = Window(port, key, offered)
        window.socket.sendall(flood.first)
        window.socket.setblocking(False)
        windows.register(window.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, [0])
    is_open.set()  # type: ignore[attr-defined]
    end = time.monotonic() + seconds
    while windows.get_map() and time.monotonic() < end:
        for each, events in windows.select(1.0):
            if not _go_on(each.fileobj, each.data, events, flood):  # type: ignore[arg-type]
                windows.unregister(each.fileobj)
        time.sleep(flood.pause_seconds)


def _go_on(connection: socket.socket, sent: list[int], events: int, flood: Flood) -> bool:
    """Read and write what can be; return whether the connection still stands."""
    try:
        if events & selectors.EVENT_READ and not connection.recv(1 << 20):
            return False
        if events & selectors.EVENT_WRITE:
            place = sent[0] % len(flood.block)
            sent[0] += connection.send(flood.block[place : place + flood.piece_bytes])
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True
