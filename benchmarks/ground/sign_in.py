"""What pages feel while sign-ins hang: the real portal, and an identity provider whose tokens never come."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.report import Row
from cloudlet.identity.provider_limit import Places
from cloudlet.migrations import upgrade

__all__ = ["measure", "portal_process"]

HANGING = 60
LOOKS, QUICK_LOOKS = 300, 60
READY_SECONDS = 30.0
SETTLE_SECONDS = Places().wait_seconds + 1
"""Until those beyond the limit have waited for a place in vain; the others hang for 10 s."""


def measure(is_quick: bool) -> Iterator[Row]:
    """Measure `GET /` quiet, and while sign-ins hang; count what reaches the provider."""
    yield from asyncio.run(_measure(QUICK_LOOKS if is_quick else LOOKS))


async def _measure(looks: int) -> list[Row]:
    async with _provider() as provider, _browsers() as browsers:
        with tempfile.TemporaryDirectory() as folder, portal_process(Path(folder), provider.url) as (url, _):
            await _until_ready(browsers, url)
            quiet = await _page_seconds(browsers, url, looks)
            begun = [await _begin(browsers, url) for _ in range(HANGING)]
            before = provider.tokens_asked
            invented = await asyncio.gather(*(_return(browsers, one.address, f"{one.name}=forged") for one in begun))
            reached = provider.tokens_asked - before
            async with _hanging(browsers, begun) as turned_away:
                during = await _page_seconds(browsers, url, looks)
            quiet += await _page_seconds(browsers, url, looks)
    return [
        Row("GET / p95, quiet", 1000 * _p95(quiet), "ms"),
        Row(f"GET / p95 while {HANGING - len(turned_away)} sign-ins hang", 1000 * _p95(during), "ms"),
        Row.at_most("ratio of both", _p95(during) / _p95(quiet), "x", 3),
        Row.at_most("invented sign-ins that reached the provider", reached, "", 0),
        Row.at_most("invented sign-ins not answered 400", sum(status != 400 for status, _ in invented), "", 0),
        Row("sign-ins beyond the limit, of 60", len(turned_away), ""),
        Row.at_most("of them not answered 503", sum(status != 503 for status, _ in turned_away), "", 0),
        Row.at_most("longest of their answers", max(seconds for _, seconds in turned_away), "s", SETTLE_SECONDS),
    ]


@dataclass(frozen=True)
class _Begun:
    """A sign-in under way: where its provider would send the browser to, and what the browser remembers."""

    address: str
    name: str
    cookie: str


@asynccontextmanager
async def _browsers() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that keeps no cookies: each request brings those of its browser."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        yield client


async def _page_seconds(browsers: httpx.AsyncClient, url: str, looks: int) -> list[float]:
    """Return how long the home page took, each time."""
    seconds = []
    for _ in range(looks):
        began = time.perf_counter()
        (await browsers.get(url)).raise_for_status()
        seconds.append(time.perf_counter() - began)
    return seconds


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


async def _begin(browsers: httpx.AsyncClient, url: str) -> _Begun:
    answer = await browsers.get(f"{url}/sign-in")
    browsers.cookies.clear()
    ((name, cookie),) = answer.cookies.items()
    state = httpx.URL(answer.headers["location"]).params["state"]
    return _Begun(f"{url}/sign-in/callback/slow?state={state}&code=code", name, cookie)


async def _return(browsers: httpx.AsyncClient, address: str, cookie: str) -> tuple[int, float]:
    """Come back from the provider; return status and seconds of the portal's answer."""
    began = time.perf_counter()
    answer = await browsers.get(address, headers={"cookie": cookie})
    return answer.status_code, time.perf_counter() - began


@asynccontextmanager
async def _hanging(browsers: httpx.AsyncClient, begun: list[_Begun]) -> AsyncIterator[list[tuple[int, float]]]:
    """Have all come back at once; yield the answers of those turned away while the others hang."""
    tasks = [asyncio.create_task(_return(browsers, one.address, f"{one.name}={one.cookie}")) for one in begun]
    try:
        done, _ = await asyncio.wait(tasks, timeout=SETTLE_SECONDS)
        yield [task.result() for task in done]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Provider:
    """A provider that publishes its metadata and never gives a token."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.tokens_asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST /token"):
            self.tokens_asked += 1
            with contextlib.suppress(asyncio.CancelledError):
                await reader.read()  # until the portal gives up
        else:
            body = json.dumps(
                {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "jwks_uri": f"{self.url}/keys",
                }
            ).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        writer.close()


@asynccontextmanager
async def _provider() -> AsyncIterator[_Provider]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    provider = _Provider(listener.getsockname()[1])
    server = await asyncio.start_server(provider.serve, sock=listener)
    try:
        yield provider
    finally:
        server.close()


@contextmanager
def portal_process(folder: Path, issuer: str) -> Iterator[tuple[str, int]]:
    """Run the portal's process with that provider, and yield its address and the number of the process."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    secret, settings = folder / "secret", folder / "cloudlet.toml"
    secret.touch(0o600)
    secret.write_text("secret\n")
    database = f"sqlite:///{folder / 'cloudlet.db'}"
    tables = {
        "database": {"url": database},
        "web": {"base_url": url},
        "identity.providers.slow": {
            "title": "Slow University",
            "issuer": issuer,
            "client_id": "cloudlet",
            "client_secret_file": str(secret),
        },
    }
    text = "\n".join(
        f"[{name}]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
        for name, table in tables.items()
    )
    settings.write_text(text + "\n")
    upgrade(database)
    command = [sys.executable, "-m", "cloudlet", "portal", "--settings", str(settings), "--fd", str(listener.fileno())]
    with (folder / "portal.log").open("wb") as log:
        portal = subprocess.Popen(command, pass_fds=[listener.fileno()], stdout=log, stderr=log)
    try:
        yield url, portal.pid
    finally:
        portal.terminate()
        portal.wait(10)
        listener.close()


async def _until_ready(browsers: httpx.AsyncClient, url: str) -> None:
    async with asyncio.timeout(READY_SECONDS):
        (await browsers.get(f"{url}/health")).raise_for_status()
