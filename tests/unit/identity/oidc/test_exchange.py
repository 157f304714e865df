from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloudlet.identity.errors import ProviderUnreachable, Refusal, SignInRefused
from cloudlet.identity.oidc.exchange import exchange_code, fetch_userinfo
from cloudlet.identity.settings import IdentityProviderSettings

TOKEN = "https://idp.example/token"
GOOD = {"token_type": "Bearer", "access_token": "access", "id_token": "a.b.c"}


@pytest.fixture
def trusted(tmp_path: Path) -> IdentityProviderSettings:
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "secret").write_text("s3cret\n")
    return IdentityProviderSettings(
        title="Example",
        issuer="https://idp.example",
        client_id="us",
        client_secret_file=tmp_path / "secret",
        token_auth_method="client_secret_post",
    )


@asynccontextmanager
async def client_that_gets(status: int = 200, **content: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, **content))
    async with httpx.AsyncClient(transport=transport) as client:
        yield client


async def refusal_of(trusted: IdentityProviderSettings, **answer: Any) -> Refusal:
    async with client_that_gets(**answer) as client:
        with pytest.raises(SignInRefused) as caught:
            await exchange_code(client, TOKEN, trusted, {"code": "c"})
    return caught.value.reason


async def test_bearer_and_identity_token_are_taken_and_never_shown(trusted: IdentityProviderSettings) -> None:
    async with client_that_gets(json={**GOOD, "token_type": "bearer"}) as client:
        tokens = await exchange_code(client, TOKEN, trusted, {"code": "c"})
    assert (tokens.access_token, tokens.id_token) == ("access", "a.b.c")
    assert "access" not in repr(tokens).replace("access_token", "")


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "token_type": "mac"},
        {**GOOD, "id_token": None},
        {**GOOD, "access_token": 7},
        {**GOOD, "access_token": "line\nbreak"},
        {**GOOD, "access_token": "\ud800"},
        {},
        [GOOD],
        "text",
    ],
)
async def test_incomplete_answer_is_refused(trusted: IdentityProviderSettings, body: Any) -> None:
    assert await refusal_of(trusted, content=json.dumps(body).encode()) is Refusal.INCOMPLETE_ANSWER


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000])
async def test_answer_that_is_no_json_is_refused(trusted: IdentityProviderSettings, content: bytes) -> None:
    assert await refusal_of(trusted, content=content) is Refusal.INCOMPLETE_ANSWER


@pytest.mark.parametrize("status", [302, 400, 401, 404])
async def test_refused_code_refuses_the_sign_in(trusted: IdentityProviderSettings, status: int) -> None:
    assert await refusal_of(trusted, status=status, json=GOOD) is Refusal.CODE_REFUSED


async def test_fault_of_the_provider_is_no_refusal_of_the_person(trusted: IdentityProviderSettings) -> None:
    async with client_that_gets(status=503) as client:
        with pytest.raises(ProviderUnreachable, match="503"):
            await exchange_code(client, TOKEN, trusted, {"code": "c"})


class Unread(httpx.AsyncByteStream):
    """A body that may not be asked for."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "identity, deflate", "br", "zstd", "x-unheard-of"])
async def test_compressed_answer_is_refused_before_it_is_read(trusted: IdentityProviderSettings, coding: str) -> None:
    async with client_that_gets(headers={"content-encoding": coding}, stream=Unread()) as client:
        with pytest.raises(ProviderUnreachable, match="compressed"):
            await exchange_code(client, TOKEN, trusted, {"code": "c"})


async def test_answer_that_says_it_is_not_compressed_is_read(trusted: IdentityProviderSettings) -> None:
    async with client_that_gets(json=GOOD, headers={"content-encoding": "Identity"}) as client:
        assert (await exchange_code(client, TOKEN, trusted, {"code": "c"})).access_token == "access"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 401}, Refusal.BAD_PERSON_ANSWER),
        ({"content": b"a.b.c"}, Refusal.WRONG_PERSON),
        ({"json": {"sub": "ben"}}, Refusal.WRONG_PERSON),
        ({"json": {"name": "Ada"}}, Refusal.WRONG_PERSON),
    ],
)
async def test_userinfo_must_be_of_the_same_person(answer: dict[str, Any], reason: Refusal) -> None:
    async with client_that_gets(**answer) as client:
        with pytest.raises(SignInRefused) as caught:
            await fetch_userinfo(client, "https://idp.example/userinfo", "access", "ada")
    assert caught.value.reason is reason
