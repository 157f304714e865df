"""Signed identity tokens, and the spoiled ones of `Fault`."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry, serialize_compact
from joserfc.registry import HeaderParameter
from pydantic import SecretStr

from cloudlet.testbed.identity_provider.faults import ALGORITHM_NONE, HS256, Fault, Quirk, changed

__all__ = ["Signer", "new_key"]

KEY_BITS = 2048


def new_key() -> RSAKey:
    """Return a signing key that nobody has seen before; its key id is its thumbprint."""
    return RSAKey.generate_key(KEY_BITS, auto_kid=True)


class Signer:
    """Signs identity tokens.

    Parameters
    ----------
    key
        The provider's private key.
    oddity
        What is wrong or unusual about the tokens, if anything.
    """

    def __init__(self, key: RSAKey, oddity: Fault | Quirk | None) -> None:
        self._key = key
        self._oddity = oddity
        self.algorithm = "RS512" if oddity is Quirk.RS512_NO_KEY_ID else "RS256"

    def public_keys(self) -> dict[str, Any]:
        """Return the key set that relying parties fetch."""
        key = self._key.as_dict(private=False)
        if self._oddity is Quirk.RS512_NO_KEY_ID:
            key.pop("kid", None)
            return {"keys": [key]}
        return {"keys": [{**key, "use": "sig", "alg": self.algorithm}]}

    def id_token(self, claims: dict[str, Any], access_token: str, client_secret: SecretStr) -> str:
        """Return `claims` and the hash of `access_token` as a signed identity token.

        `client_secret` is used by the faults only that sign with it.
        """
        digest = hashlib.new(f"sha{self.algorithm[-3:]}", access_token.encode()).digest()
        claims = changed({**claims, "at_hash": _base64url(digest[: len(digest) // 2])}, self._oddity)
        if self._oddity in ALGORITHM_NONE:
            return _unsigned("none", claims) + "."
        if self._oddity in HS256:
            return self._signed_with_shared_key(claims, client_secret)
        return self._signed(claims)

    def _signed(self, claims: dict[str, Any]) -> str:
        header: dict[str, Any] = {"alg": self.algorithm, "typ": "JWT"}
        if self._oddity is not Quirk.RS512_NO_KEY_ID:
            header["kid"] = "of-no-key" if self._oddity is Fault.UNKNOWN_KEY_ID else self._key.kid
        if self._oddity is Fault.UNKNOWN_CRITICAL_HEADER:
            header |= {"crit": ["urn:cloudlet:unknown"], "urn:cloudlet:unknown": True}
        key = new_key() if self._oddity is Fault.BAD_SIGNATURE else self._key
        extension = {"urn:cloudlet:unknown": HeaderParameter("An extension that nobody knows", "bool")}
        registry = JWSRegistry(header_registry=extension, algorithms=[self.algorithm])
        return serialize_compact(header, json.dumps(claims), key, registry=registry)

    def _signed_with_shared_key(self, claims: dict[str, Any], client_secret: SecretStr) -> str:
        is_secret = self._oddity in {Fault.HS256_CLIENT_SECRET, Fault.HS256_CLIENT_SECRET_LAX}
        secret = client_secret.get_secret_value().encode() if is_secret else self._key.as_pem(private=False)
        message = _unsigned("HS256", claims)
        return f"{message}.{_base64url(hmac.digest(secret, message.encode(), 'sha256'))}"


def _unsigned(algorithm: str, claims: dict[str, Any]) -> str:
    header = {"alg": algorithm, "typ": "JWT"}
    return ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
