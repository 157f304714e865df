from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Form, Request
from starlette.types import Message, Scope

from cloudlet.web import WebSettings, create_app
from cloudlet.web.bodies import LARGEST_BODY_BYTES, BodyLimit

ORIGIN = "http://127.0.0.1:8440"


def app_with_a_form() -> FastAPI:
    app = create_app("test", WebSettings(base_url=ORIGIN))

    @app.post("/theme")
    def theme(name: Annotated[str, Form()]) -> int:
        return len(name)

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app_with_a_form())
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


@pytest.fixture
def _no_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every temporary file: a form parser that makes one fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))


async def in_pieces(size_bytes: int) -> AsyncIterator[bytes]:
    for start in range(0, size_bytes, 1000):
        yield b"a" * min(1000, size_bytes - start)


@pytest.mark.usefixtures("_no_spool")
async def test_a_file_in_a_form_does_not_get_as_far_as_the_disk(client: httpx.AsyncClient) -> None:
    answer = await client.post("/theme", files={"name": b"a" * 3_000_000})
    assert answer.status_code == 413
    assert answer.json() == {
        "slug": "request-too-large",
        "message": "The request is too large.",
        "remedy": "Send 64 KiB at most; nothing here takes files.",
        "retryable": False,
    }
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_body_of_unknown_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    assert (await client.post("/length", content=in_pieces(LARGEST_BODY_BYTES + 1))).status_code == 413


@pytest.mark.parametrize("size_bytes", [0, 1, 2500, LARGEST_BODY_BYTES])
async def test_a_body_within_the_limit_arrives_whole(client: httpx.AsyncClient, size_bytes: int) -> None:
    assert (await client.post("/length", content=in_pieces(size_bytes))).json() == size_bytes


async def test_an_ordinary_form_is_read(client: httpx.AsyncClient) -> None:
    assert (await client.post("/theme", data={"name": "dark"})).json() == 4


async def called(messages: list[Message]) -> tuple[list[Scope], list[Message]]:
    """Return what got through to the application, and what was answered, where `messages` come and then nothing."""
    reached: list[Scope] = []
    sent: list[Message] = []

    async def app(scope: Scope, _receive: object, _send: object) -> None:
        reached.append(scope)

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await BodyLimit(app, longest_seconds=0.05)({"type": "http"}, receive, send)
    return reached, sent


async def test_a_body_that_stops_half_way_is_not_waited_for_for_ever() -> None:
    reached, sent = await called([{"type": "http.request", "body": b"half", "more_body": True}])
    assert reached == []
    assert sent[0]["status"] == 408
    assert b"request-too-slow" in sent[1]["body"]


async def test_a_request_whose_sender_goes_meanwhile_is_dropped() -> None:
    half: Message = {"type": "http.request", "body": b"half", "more_body": True}
    assert await called([half, {"type": "http.disconnect"}]) == ([], [])
