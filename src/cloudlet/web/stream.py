"""Server-sent events: one-way live news to a page, over plain HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.responses import StreamingResponse

__all__ = ["ServerEvent", "event_stream"]

HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 2000


@dataclass(frozen=True)
class ServerEvent:
    """One event of a stream; `id` is what the browser sends back when it reconnects."""

    id: int | None
    event: str
    data: dict[str, Any]

    def encode(self) -> bytes:
        """Return the event as it goes over the wire."""
        head = "" if self.id is None else f"id: {self.id}\n"
        body = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return f"{head}event: {self.event}\ndata: {body}\n\n".encode()


def event_stream(
    events: AsyncGenerator[ServerEvent, None], *, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> StreamingResponse:
    """Return an answer that sends `events` as they come, and a comment where none comes for a while.

    The heartbeat lets both sides notice a dead connection. `events` is closed with the connection.
    """
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    body = _encoded(events, heartbeat_seconds)
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


async def _encoded(events: AsyncGenerator[ServerEvent, None], heartbeat_seconds: float) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    async with aclosing(events):
        upcoming = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                done, _ = await asyncio.wait({upcoming}, timeout=heartbeat_seconds)
                if not done:
                    yield b": still here\n\n"
                    continue
                event = upcoming.result()
                if event is None:
                    return
                yield event.encode()
                upcoming = asyncio.ensure_future(anext(events, None))
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
