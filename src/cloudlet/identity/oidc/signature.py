"""From a compact JWS to its claims, by one algorithm and the provider's keys (RFC 7515)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from cloudlet.database import JsonObject
from cloudlet.identity.errors import Refusal, SignInRefused

__all__ = ["signed_claims"]

KeySource = Callable[[], Awaitable[Sequence[Key]]]


async def signed_claims(token: str, algorithm: str, keys: KeySource, renewed_keys: KeySource) -> JsonObject:
    """Return the claims of `token` once its signature is proven.

    Parameters
    ----------
    token
        The identity token as received.
    algorithm
        The only one accepted; what the token or the metadata say of it counts for nothing.
    keys, renewed_keys
        The provider's keys, and the same fetched anew for when none of them fits.

    Raises
    ------
    SignInRefused
        The token is malformed, signed otherwise, needs an extension we do not know, or no key fits.
    """
    signature = _parsed(token)
    header = signature.headers()
    if header.get("alg") != algorithm:
        raise SignInRefused(Refusal.WRONG_ALGORITHM)
    if "crit" in header or "b64" in header:
        raise SignInRefused(Refusal.UNKNOWN_CRITICAL_HEADER)
    is_signed = await _is_signed(signature, algorithm, await keys())
    if not is_signed and not await _is_signed(signature, algorithm, await renewed_keys()):
        raise SignInRefused(Refusal.BAD_SIGNATURE)
    return _claims(signature.payload)


def _parsed(token: str) -> CompactSignature:
    try:
        return extract_compact(token.encode())
    except (JoseError, ValueError, TypeError) as cause:
        raise SignInRefused(Refusal.MALFORMED) from cause


async def _is_signed(signature: CompactSignature, algorithm: str, keys: Iterable[Key]) -> bool:
    kid = signature.headers().get("kid")
    # Globus names no key, neither in its tokens nor in its key set: then every key is tried.
    fitting = [key for key in keys if kid is None or key.kid is None or key.kid == kid]
    for key in fitting:
        if _verifies(signature, algorithm, key):
            return True
        await asyncio.sleep(0)  # half a millisecond at most for each: pages go first
    return False


def _verifies(signature: CompactSignature, algorithm: str, key: Key) -> bool:
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        return validate_compact(signature, key, registry=registry)
    except (JoseError, ValueError, TypeError):
        return False


def _claims(payload: bytes) -> JsonObject:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as cause:
        raise SignInRefused(Refusal.MALFORMED) from cause
    if not isinstance(claims, dict):
        raise SignInRefused(Refusal.MALFORMED)
    return claims
