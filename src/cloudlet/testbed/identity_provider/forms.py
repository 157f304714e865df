"""Form bodies with a limit."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

__all__ = ["read_form"]

BODY_LIMIT_BYTES = 64 * 1024
FIELD_LIMIT = 50


async def read_form(request: Request) -> dict[str, str]:
    """Return the urlencoded fields of a request; none at all where it is too large or no form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT_BYTES:
            return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELD_LIMIT))
    except ValueError:
        return {}
