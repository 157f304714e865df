from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from cloudlet.identity.errors import ProviderUnreachable
from cloudlet.identity.oidc.discovery import Discovery
from cloudlet.identity.settings import IdentityProviderSettings

ISSUER = "https://idp.example"
SETTINGS = IdentityProviderSettings(title="Example", issuer=ISSUER, client_id="us", client_secret_file=Path("/nowhere"))
GOOD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
Maker = Callable[..., Discovery]


@pytest.fixture
async def discovery_of(clock: Any) -> AsyncIterator[Maker]:
    clients: list[httpx.AsyncClient] = []

    def make(document: Any = GOOD, keys: Any = None, status: int = 200) -> Discovery:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/keys":
                return httpx.Response(200, json=keys)
            if isinstance(document, bytes):
                return httpx.Response(status, content=document)
            return httpx.Response(status, json=document, headers={"location": "https://evil.example/"})

        clients.append(httpx.AsyncClient(transport=httpx.MockTransport(answer)))
        return Discovery(SETTINGS, clients[-1], clock)

    yield make
    for client in clients:
        await client.aclose()


def test_document_is_looked_for_below_the_issuer() -> None:
    assert SETTINGS.discovery_address == "https://idp.example/.well-known/openid-configuration"


async def test_good_document_is_read(discovery_of: Maker) -> None:
    metadata = await discovery_of().metadata()
    assert metadata.token_endpoint == f"{ISSUER}/token"
    assert metadata.userinfo_endpoint is None
    assert not metadata.names_issuer_in_callback


@pytest.mark.parametrize(
    "change",
    [
        {"token_endpoint": None},
        {"token_endpoint": "http://idp.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": ["https://idp.example/keys"]},
        {"userinfo_endpoint": 7},
    ],
)
async def test_address_that_is_missing_or_unprotected_makes_the_document_unusable(
    discovery_of: Maker, change: dict[str, Any]
) -> None:
    with pytest.raises(ProviderUnreachable, match=next(iter(change))):
        await discovery_of({**GOOD, **change}).metadata()


@pytest.mark.parametrize("status", [302, 404, 500, 503])
async def test_other_status_is_no_document_and_redirects_are_not_followed(discovery_of: Maker, status: int) -> None:
    with pytest.raises(ProviderUnreachable):
        await discovery_of(status=status).metadata()


async def test_oversized_document_is_not_read(discovery_of: Maker) -> None:
    with pytest.raises(ProviderUnreachable, match="too large"):
        await discovery_of(b" " * 300_000).metadata()


async def test_odd_keys_do_not_hide_the_good_one(discovery_of: Maker) -> None:
    good = ECKey.generate_key("P-256", auto_kid=True)
    odd = ["text", {}, {"kty": "EC"}, {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}, {"kty": "AKP", "pub": "x"}]
    keys = await discovery_of(keys={"keys": [*odd, good.as_dict(private=False)]}).keys()
    assert [key.kid for key in keys] == [good.kid]


async def test_keys_for_encryption_check_no_signatures(discovery_of: Maker) -> None:
    key = {**ECKey.generate_key("P-256").as_dict(private=False), "use": "enc"}
    with pytest.raises(ProviderUnreachable, match="no key"):
        await discovery_of(keys={"keys": [key]}).keys()


@pytest.mark.parametrize("keys", [{}, {"keys": {}}, {"keys": []}, []])
async def test_key_set_without_keys_is_unusable(discovery_of: Maker, keys: Any) -> None:
    with pytest.raises(ProviderUnreachable):
        await discovery_of(keys=keys).keys()
