"""JSON from a provider, with limits on its size and on our patience.

Waiting is done on the event loop: a provider that swallows connections, or sends a byte now and then, holds no thread.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import httpx

from cloudlet.database import JsonObject
from cloudlet.identity.errors import ProviderUnreachable

__all__ = ["TIMEOUT", "Answer", "fetch"]

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
WHOLE_SECONDS = 10.0
"""For one answer from first to last byte; those of `TIMEOUT` count anew with every byte."""
BODY_LIMIT_BYTES = 256 * 1024


@dataclass(frozen=True)
class Answer:
    """A status and a JSON object; empty where the body is something else."""

    status: int
    body: JsonObject = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the provider did what was asked."""
        return self.status == httpx.codes.OK


async def fetch(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    """Send `request`; follow no redirect.

    Raises
    ------
    ProviderUnreachable
        No answer in time, an answer too large or compressed, or a fault on the provider's side (5xx).
    """
    request.headers["accept-encoding"] = "identity"
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                content = await _limited(response)
            finally:
                await response.aclose()
    except (httpx.HTTPError, TimeoutError) as cause:
        raise _unreachable(request, "does not answer") from cause
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise _unreachable(request, f"reports a fault of its own ({response.status_code})")
    return Answer(response.status_code, _json_object(content))


async def _limited(response: httpx.Response) -> bytes:
    # Twice compressed, 3 KiB can hold 2 GB, which httpx unfolds before anybody can count them.
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise _unreachable(response.request, "sent a compressed answer, which nobody asked for")
    content = b""
    async for part in response.aiter_bytes():
        content += part
        if len(content) > BODY_LIMIT_BYTES:
            raise _unreachable(response.request, "sent an answer that is far too large")
    return content


def _json_object(content: bytes) -> JsonObject:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _unreachable(request: httpx.Request, why: str) -> ProviderUnreachable:
    return ProviderUnreachable(
        f"The identity provider at {request.url.host} {why}.", "Try again in a minute; nobody can sign in until then."
    )
