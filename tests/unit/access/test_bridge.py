"""One viewer's messages are filtered in pieces, so that others get their turn in between."""

from __future__ import annotations

import asyncio
import struct
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.websockets import WebSocket

from cloudlet.access.bridge import PIECE_BYTES, Bridge
from cloudlet.access.close_codes import ConsoleEnded
from cloudlet.access.models import InputTrace, PointerState
from cloudlet.access.rfb import Right, ServerInit
from cloudlet.access.upstream_connection import UpstreamConnection

ASK = struct.pack("!BBHHHH", 3, 1, 0, 0, 7, 7)
WITHIN_BURST = 1900
SCREEN = ServerInit(640, 480, bytes(16), b"")


class Browser:
    """Sends one message, then goes."""

    def __init__(self, data: bytes) -> None:
        self._messages = [{"type": "websocket.receive", "bytes": data}, {"type": "websocket.disconnect", "code": 1001}]

    async def receive(self) -> dict[str, object]:
        return self._messages.pop(0)


async def drained() -> None:
    """Take everything at once."""


async def test_a_long_message_of_short_ones_is_filtered_in_pieces_between_others_turns() -> None:
    written: list[tuple[int, bytes]] = []
    turn = 0

    async def others() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    upstream = SimpleNamespace(server_init=SCREEN, write=lambda data: written.append((turn, data)), drain=drained)
    data = ASK * WITHIN_BURST
    bridge = Bridge(cast(WebSocket, Browser(data)), cast(UpstreamConnection, upstream), rights=Right.NONE, first=b"")
    beside = asyncio.create_task(others())
    with pytest.raises(ConsoleEnded):
        await bridge.pump_up()
    beside.cancel()
    assert b"".join(piece for _, piece in written) == data
    per_turn: dict[int, int] = {}
    for at, piece in written:
        per_turn[at] = per_turn.get(at, 0) + len(piece)
    assert max(per_turn.values()) <= PIECE_BYTES + len(ASK)


PRESS, LET_GO = struct.pack("!BBHH", 5, 1, 10, 20), struct.pack("!BBHH", 5, 0, 10, 20)


async def test_when_the_lease_ends_what_is_held_is_let_go_of_though_nobody_sends_anything() -> None:
    loop = asyncio.get_running_loop()
    for _ in range(20):
        written: list[bytes] = []
        upstream = SimpleNamespace(server_init=SCREEN, write=written.append, drain=drained)
        browser = cast(WebSocket, Browser(PRESS))
        bridge = Bridge(browser, cast(UpstreamConnection, upstream), rights=Right.INPUT, first=b"")
        bridge.renew(InputTrace(PointerState(1, 1, 0)), loop.time() + 0.01)
        with pytest.raises(ConsoleEnded):
            await bridge.pump_up()
        assert b"".join(written) == PRESS
        await asyncio.sleep(0.05)
        assert b"".join(written) == PRESS + LET_GO
        assert bridge.has_control
        assert bridge.released == LET_GO


async def test_no_input_passes_without_a_lease() -> None:
    written: list[bytes] = []
    upstream = SimpleNamespace(server_init=SCREEN, write=written.append, drain=drained)
    browser = cast(WebSocket, Browser(PRESS + ASK))
    bridge = Bridge(browser, cast(UpstreamConnection, upstream), rights=Right.INPUT, first=b"")
    bridge.renew(InputTrace(PointerState(1, 1, 0)), asyncio.get_running_loop().time() - 0.1)  # too late already
    with pytest.raises(ConsoleEnded):
        await bridge.pump_up()
    assert b"".join(written) == ASK
