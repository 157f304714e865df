"""Live streams as a server sees them: opened, followed, and left open in a forgotten tab."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from cloudlet.portal.api.runs import STREAMS_EACH


@dataclass
class Stream:
    """What came back so far."""

    status: asyncio.Future[int]
    events: asyncio.Queue[tuple[str, Any]] = field(default_factory=asyncio.Queue)

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status.set_result(message["status"])
        for block in message.get("body", b"").decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in lines:
                self.events.put_nowait((lines["event"], json.loads(lines["data"])))

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(10):
            return await self.events.get()


@pytest.fixture
async def open_stream(site, assets):
    """Open a run's stream with the cookies of a browser, until the block ends."""
    object.__setattr__(site.settings, "pulse_seconds", 0.05)
    app = site.app(assets)

    @asynccontextmanager
    async def opened(run, cookies) -> AsyncIterator[Stream]:
        reported = "; ".join(f"{name}={value}" for name, value in cookies.items())
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/api/runs/{run.id}/events",
            "query_string": b"",
            "headers": [(b"cookie", reported.encode())],
        }
        messages = [{"type": "http.request", "body": b"", "more_body": False}]
        is_left = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await is_left.wait()
            return {"type": "http.disconnect"}

        stream = Stream(asyncio.get_running_loop().create_future())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(app(scope, receive, stream.send))
            await stream.status
            yield stream
            is_left.set()

    async with site.services.tail.running():
        yield opened


async def test_an_open_stream_keeps_nobody_signed_in(site, clock, open_stream) -> None:
    run = site.begin_run("ada")
    async with open_stream(run, site.sign_in("ada")) as stream:
        for _ in range(3):
            assert (await stream.next())[0] == "status"
            clock.now += timedelta(minutes=25)
        reported = [await stream.next()]
        while reported[-1][0] != "denied":
            reported.append(await stream.next())
    assert reported[-1][1]["slug"] == "sign-in-needed"


async def test_a_person_has_twelve_streams_at_most_and_another_once_one_is_closed(site, open_stream) -> None:
    """Signing in once more gives them no more."""
    run = site.begin_run("ada")
    cookies, another = site.sign_in("ada"), site.sign_in("ada")
    async with AsyncExitStack() as stack:
        for _ in range(STREAMS_EACH - 1):
            await stack.enter_async_context(open_stream(run, cookies))
        async with open_stream(run, another), open_stream(run, another) as refused:
            assert refused.status.result() == 429
        async with open_stream(run, another) as last, open_stream(run, site.sign_in("eve")) as other:
            assert (last.status.result(), other.status.result()) == (200, 404)  # she may not see this run


async def test_a_refused_stream_takes_no_place(site, open_stream) -> None:
    run = site.begin_run("ada")
    cookies = site.sign_in("eve")
    for _ in range(STREAMS_EACH + 1):
        async with open_stream(run, cookies) as refused:
            assert refused.status.result() == 404
