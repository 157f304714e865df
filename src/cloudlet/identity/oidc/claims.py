"""Whether an identity token speaks of this sign-in, for us, now (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

import hashlib
import math
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime

from cloudlet.database import JsonObject
from cloudlet.identity.errors import Refusal, SignInRefused

__all__ = ["Expected", "check_claims"]

LEEWAY_SECONDS = 60.0
"""How far the provider's clock may be from ours."""
SUBJECT_LENGTH = 255


@dataclass(frozen=True)
class Expected:
    """What the claims must agree with."""

    issuer: str
    client_id: str
    algorithm: str
    nonce: str = field(repr=False)
    access_token: str = field(repr=False)
    now: datetime


def check_claims(claims: JsonObject, expected: Expected) -> str:
    """Return the subject once every claim agrees with what is `expected`.

    Raises
    ------
    SignInRefused
        With the first check that failed as its reason.
    """
    _require(claims.get("iss") == expected.issuer, Refusal.WRONG_ISSUER)
    _check_audience(claims, expected.client_id)
    _check_times(claims, expected.now.timestamp())
    _require(claims.get("nonce") == expected.nonce, Refusal.WRONG_NONCE)
    if "at_hash" in claims:
        wanted = token_hash(expected.access_token, expected.algorithm)
        _require(claims["at_hash"] == wanted, Refusal.WRONG_HASH)
    return _subject(claims)


def token_hash(access_token: str, algorithm: str) -> str:
    """Return ``at_hash``: the left half of the hash that goes with `algorithm`, as base64url (3.1.3.6)."""
    digest = hashlib.new(f"sha{algorithm[-3:]}", access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _check_audience(claims: JsonObject, client_id: str) -> None:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    _require(isinstance(audiences, list) and client_id in audiences, Refusal.WRONG_AUDIENCE)
    party = claims.get("azp", None if audiences != [client_id] else client_id)
    _require(party == client_id, Refusal.WRONG_PARTY)


def _check_times(claims: JsonObject, now: float) -> None:
    _require(now < _seconds(claims.get("exp")) + LEEWAY_SECONDS, Refusal.EXPIRED)
    _require(_seconds(claims.get("iat")) <= now + LEEWAY_SECONDS, Refusal.FROM_THE_FUTURE)
    if "nbf" in claims:
        _require(_seconds(claims["nbf"]) <= now + LEEWAY_SECONDS, Refusal.FROM_THE_FUTURE)


def _seconds(value: object) -> float:
    """Return a claim's instant, or NaN, which fails every comparison, where it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        seconds = float(value) if is_number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        return math.nan
    return seconds if math.isfinite(seconds) else math.nan


def _subject(claims: JsonObject) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LENGTH or not subject.isprintable():
        raise SignInRefused(Refusal.NO_SUBJECT)
    return subject


def _require(is_right: bool, reason: Refusal) -> None:
    if not is_right:
        raise SignInRefused(reason)
