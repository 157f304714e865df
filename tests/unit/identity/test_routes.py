"""What a browser is made to forget of sign-ins under way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from cloudlet.identity import routes
from cloudlet.identity.pending_sign_in import PendingSignIns
from cloudlet.web import WebSettings


def test_of_hundreds_of_cookies_only_a_few_are_opened() -> None:
    opened: list[str] = []
    pending = SimpleNamespace(open=opened.append)
    cookies = routes._Cookies(WebSettings(), cast(PendingSignIns, pending))
    name = cookies._sign_in
    header = "; ".join(f"{name}{number}=x" for number in range(450)).encode()
    request = Request(cast(dict[str, Any], {"type": "http", "headers": [(b"cookie", header)]}))
    answer = Response()
    cookies.forget_oldest(answer, request)
    assert 0 < len(opened) <= routes.MOST_LOOKED_AT
    assert answer.headers.getlist("set-cookie")
