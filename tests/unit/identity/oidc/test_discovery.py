from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from cloudlet.identity.errors import ProviderUnreachable
from cloudlet.identity.oidc.discovery import KEY_LIMIT, Discovery
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
            assert request.headers["accept-encoding"] == "identity"
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


def _rsa(bits: int, exponent: int) -> dict[str, str]:
    modulus = (1 << bits) - 1
    return {"kty": "RSA", **{name: _base64url(number) for name, number in (("n", modulus), ("e", exponent))}}


def _base64url(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("bits", "exponent", "is_used"),
    [
        (2048, 65537, True),
        (4096, 65537, True),
        (4096, 2**32 - 1, True),
        (2047, 65537, False),
        (4097, 65537, False),
        (1_000_000, 65537, False),
        (3072, 2**32 + 1, False),
        (3072, 2**3000 + 1, False),
    ],
)
@pytest.mark.filterwarnings("ignore:Key size should be:joserfc.errors.SecurityWarning")
async def test_rsa_keys_are_used_that_are_safe_and_cheap(
    discovery_of: Maker, bits: int, exponent: int, is_used: bool
) -> None:
    good = ECKey.generate_key("P-256", auto_kid=True)
    keys = await discovery_of(keys={"keys": [good.as_dict(private=False), _rsa(bits, exponent)]}).keys()
    assert len(keys) == 1 + is_used


async def test_no_more_keys_are_tried_than_a_provider_needs(discovery_of: Maker) -> None:
    keys = await discovery_of(keys={"keys": [{"kty": "EC"}, *[_rsa(2048, 65537)] * 60]}).keys()
    assert len(keys) == KEY_LIMIT


async def test_a_private_key_is_read_as_the_public_one_that_it_holds(discovery_of: Maker) -> None:
    private = RSAKey.generate_key(2048, auto_kid=True)
    (key,) = await discovery_of(keys={"keys": [private.as_dict(private=True)]}).keys()
    assert not key.is_private
    assert key.kid == private.kid
