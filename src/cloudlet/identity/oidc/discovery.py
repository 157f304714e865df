"""A provider's metadata and signing keys (OpenID Connect Discovery 1.0, RFC 7517)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, RSAKey

from cloudlet.clock import Clock
from cloudlet.database import JsonObject
from cloudlet.identity.errors import ProviderUnreachable, Refusal, SignInRefused
from cloudlet.identity.oidc.cached_fetch import CachedFetch
from cloudlet.identity.oidc.fetch import TIMEOUT, fetch
from cloudlet.identity.settings import IdentityProviderSettings
from cloudlet.web import is_protected

__all__ = ["Discovery", "Metadata"]

CANDIDATE_LIMIT = 100
"""Entries of a key set that are looked at."""
KEY_LIMIT = 20
"""Keys that are tried: one signature costs at most 0.5 ms with each."""
RSA_BITS = range(2048, 4096 + 1)
RSA_EXPONENT_BITS = 32
RSA_TEXT_LENGTH = 4096 // 6 + 4
"""Of a modulus in base64url, with something to spare; a million bits take 18 ms to read."""
PUBLIC = ("kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y")
"""What of a key is read; a private part would be checked for 180 ms."""


@dataclass(frozen=True)
class Metadata:
    """What we use of a discovery document."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_issuer_in_callback: bool
    """Whether every answer must carry ``iss`` (RFC 9207)."""


class Discovery:
    """Metadata and keys of one provider, kept as `CachedFetch` says.

    Parameters
    ----------
    settings
        Whom to ask, and who must answer.
    client
        Sends the requests.
    clock
        Source of the present time.
    """

    def __init__(self, settings: IdentityProviderSettings, client: httpx.AsyncClient, clock: Clock) -> None:
        self._settings = settings
        self._client = client
        self._metadata = CachedFetch(self._fetch_metadata, clock)
        self._keys = CachedFetch(self._fetch_keys, clock)

    @property
    def is_known(self) -> bool:
        """Whether metadata is kept that can be used."""
        return self._metadata.is_usable

    async def metadata(self) -> Metadata:
        """Return the provider's metadata.

        Raises
        ------
        ProviderUnreachable
            There is none younger than 24 hours.
        SignInRefused
            The document speaks for another issuer than the one we trust.
        """
        return await self._metadata.get()

    async def keys(self) -> Sequence[Key]:
        """Return the provider's public keys; raises as `metadata` does."""
        return await self._keys.get()

    async def renewed_keys(self) -> Sequence[Key]:
        """Return the keys fetched anew, for a token signed with a key we do not know; raises as `metadata` does."""
        return await self._keys.renewed()

    async def _fetch_metadata(self) -> Metadata:
        document = await self._document(self._settings.discovery_address)
        if document.get("issuer") != self._settings.issuer:
            raise SignInRefused(Refusal.WRONG_DISCOVERY)
        return Metadata(
            authorization_endpoint=self._address(document, "authorization_endpoint"),
            token_endpoint=self._address(document, "token_endpoint"),
            jwks_uri=self._address(document, "jwks_uri"),
            userinfo_endpoint=self._address(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
            names_issuer_in_callback=document.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _fetch_keys(self) -> Sequence[Key]:
        metadata = await self.metadata()
        found = (await self._document(metadata.jwks_uri)).get("keys")
        candidates = found[:CANDIDATE_LIMIT] if isinstance(found, list) else []
        keys = list(islice((key for key in map(_public_key, candidates) if key is not None), KEY_LIMIT))
        if not keys:
            raise self._unusable("publishes no key that can be used")
        return keys

    async def _document(self, address: str) -> JsonObject:
        answer = await fetch(self._client, self._client.build_request("GET", address, timeout=TIMEOUT))
        if not answer.is_success:
            raise self._unusable(f"has nothing at {address} ({answer.status})")
        return answer.body

    def _address(self, document: JsonObject, name: str) -> str:
        address = document.get(name)
        if not isinstance(address, str) or not is_protected(address):
            raise self._unusable(f"names no usable {name}")
        return address

    def _unusable(self, why: str) -> ProviderUnreachable:
        return ProviderUnreachable(
            f"The identity provider {self._settings.title} {why}.",
            "Try again in a minute; if it lasts, the administrator should check the provider's address.",
        )


def _public_key(data: object) -> Key | None:
    """Return a key that can check signatures, None for any other: one odd key must not hide the good ones."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig" or len(str(data.get("n", ""))) > RSA_TEXT_LENGTH:
        return None
    try:
        key = JWKRegistry.import_key({name: data[name] for name in PUBLIC if name in data})
    except (JoseError, ValueError, TypeError):
        return None
    return key if isinstance(key, ECKey) or (isinstance(key, RSAKey) and _is_usual(key)) else None


def _is_usual(key: RSAKey) -> bool:
    """Return whether checking signatures with `key` is safe and cheap: a long exponent makes it 60 times dearer."""
    public = key.public_key
    return public.key_size in RSA_BITS and public.public_numbers().e.bit_length() <= RSA_EXPONENT_BITS
