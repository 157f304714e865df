"""A limit on what anybody may send, before anything looks at it, as plain ASGI middleware."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloudlet.errors import CloudletError
from cloudlet.web.errors import RequestTooLarge, RequestTooSlow
from cloudlet.web.statuses import problem_of, status_of

__all__ = ["BodyLimit"]

LARGEST_BODY_BYTES = 64 * 1024
"""Nothing here takes files; the largest form holds a path of 2,000 letters."""
LONGEST_BODY_SECONDS = 10.0


class BodyLimit:
    """Passes a request on once its whole body is there, and refuses one that is too large or too slow.

    A form is parsed before its route asks who sends it, and the parser writes files to the disk as long as they
    come; so strangers could fill it. What is held here is bounded, whatever length a request announces.
    """

    def __init__(
        self,
        app: ASGIApp,
        largest_bytes: int = LARGEST_BODY_BYTES,
        longest_seconds: float = LONGEST_BODY_SECONDS,
    ) -> None:
        self._app = app
        self._largest_bytes = largest_bytes
        self._longest_seconds = longest_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body and hand it on; nothing happens where the sender goes meanwhile."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._body(receive)
        except CloudletError as refusal:
            await JSONResponse(problem_of(refusal), status_of(refusal))(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _again(body, receive), send)

    async def _body(self, receive: Receive) -> bytes | None:
        try:
            async with asyncio.timeout(self._longest_seconds):
                return await self._read(receive)
        except TimeoutError as cause:
            raise RequestTooSlow("The rest of the request did not arrive.", "Send it again.") from cause

    async def _read(self, receive: Receive) -> bytes | None:
        body = bytearray()
        is_complete = False
        while not is_complete:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._largest_bytes:
                most = self._largest_bytes // 1024
                raise RequestTooLarge(
                    "The request is too large.", f"Send {most} KiB at most; nothing here takes files."
                )
            is_complete = not message.get("more_body", False)
        return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the whole body first."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again
