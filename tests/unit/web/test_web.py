import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from cloudlet.web import NotFound, ServerEvent, WebSettings, cookie_name, create_app, event_stream, security_headers

ORIGIN = "http://127.0.0.1:8440"


def app_with_routes() -> FastAPI:
    app = create_app("test", WebSettings(base_url=ORIGIN), connect_sources=["ws://127.0.0.1:9"])

    @app.get("/missing")
    def missing() -> None:
        raise NotFound("There is no such thing.", "Look elsewhere.")

    @app.post("/change")
    def change() -> dict[str, bool]:
        return {"changed": True}

    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app_with_routes())
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


async def test_an_error_becomes_its_status_and_its_sentences(client: httpx.AsyncClient) -> None:
    answer = await client.get("/missing")
    assert answer.status_code == 404
    assert answer.json() == {
        "slug": "not-found",
        "message": "There is no such thing.",
        "remedy": "Look elsewhere.",
        "retryable": False,
    }


async def test_every_answer_carries_a_policy_without_inline_anything(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/missing")).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'self' ws://127.0.0.1:9" in policy


async def test_every_answer_carries_the_security_headers_even_a_refusal(client: httpx.AsyncClient) -> None:
    refusal = await client.post("/change", headers={"origin": "https://evil.example"})
    for answer in (await client.get("/missing"), refusal):
        expected = security_headers(["ws://127.0.0.1:9"])
        assert expected.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": ORIGIN}, 200),
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://127.0.0.1:8441"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
async def test_only_our_own_pages_may_change_something(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    assert (await client.post("/change", headers=headers)).status_code == status


def test_two_cloudlets_on_one_host_have_cookies_of_their_own() -> None:
    first, second = (WebSettings(base_url=f"http://127.0.0.1:{port}") for port in (1, 2))
    assert cookie_name(first, "session") != cookie_name(second, "session")


def test_cookies_are_bound_to_the_host_under_tls() -> None:
    assert cookie_name(WebSettings(base_url="https://cloudlet.example.org"), "session").startswith("__Host-")


def test_the_public_address_is_kept_as_browsers_send_it() -> None:
    assert WebSettings(base_url="https://Cloudlet.example.org:443/").base_url == "https://cloudlet.example.org"


@pytest.mark.parametrize("url", ["cloudlet.example.org", "https://host/path", "ftp://host", ""])
def test_an_address_that_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WebSettings(base_url=url)


async def test_a_stream_sends_events_and_a_heartbeat() -> None:
    async def source() -> AsyncGenerator[ServerEvent, None]:
        yield ServerEvent(7, "exposures", {"text": "µm\n2"})
        await asyncio.sleep(0.1)
        yield ServerEvent(None, "vitals", {})

    parts = [part async for part in event_stream(source(), heartbeat_seconds=0.02).body_iterator]
    reported = [bytes(part).decode() for part in parts]
    assert reported[1].startswith("id: 7\nevent: exposures\ndata: ")
    assert json.loads(reported[1].split("data: ")[1]) == {"text": "µm\n2"}
    assert ": still here\n\n" in reported
    assert reported[-1] == "event: vitals\ndata: {}\n\n"


@pytest.mark.parametrize("parts", [2, 3])
async def test_a_stream_that_is_left_closes_its_source(parts: int) -> None:
    """After the event (2), and while the next one is waited for (3)."""
    closed = asyncio.Event()

    async def source() -> AsyncGenerator[ServerEvent, None]:
        try:
            yield ServerEvent(7, "exposures", {})
            await asyncio.Event().wait()
        finally:
            closed.set()

    stream = event_stream(source(), heartbeat_seconds=0.02).body_iterator
    for _ in range(parts):
        await anext(stream)
    assert not closed.is_set()
    await stream.aclose()
    assert closed.is_set()
