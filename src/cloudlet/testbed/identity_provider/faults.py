"""All the ways in which a provider can lie, and some in which an honest one is odd.

Each fault changes one thing and leaves the rest as it must be, so that a relying party that overlooks it signs
somebody in. A certified provider cannot produce most of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

__all__ = ["ALGORITHM_NONE", "CLAIMS", "HS256", "LAX_METADATA", "Fault", "Quirk", "changed"]

Claims = dict[str, Any]

ELSEWHERE = "https://elsewhere.invalid"
SOMEBODY_ELSE = "somebody-else"
HOUR_SECONDS = 3600


class Fault(StrEnum):
    """What must be refused."""

    WRONG_ISSUER = "wrong issuer in the token"
    WRONG_AUDIENCE = "wrong audience"
    WRONG_AUDIENCE_OUR_PARTY = "wrong audience with our azp"
    EXTRA_AUDIENCE = "extra audience without azp"
    WRONG_NONCE = "wrong nonce"
    NO_NONCE = "no nonce"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "issued in the future"
    NO_SUBJECT = "no subject"
    BAD_HASH = "bad at_hash"
    BAD_SIGNATURE = "bad signature"
    UNKNOWN_KEY_ID = "unknown key id"
    UNKNOWN_CRITICAL_HEADER = "unknown critical header"
    NONE = "alg none"
    NONE_LAX = "alg none, discovery lists it"
    NONE_LAX_NO_HASH = "alg none, discovery lists it, without at_hash"
    HS256_PUBLIC_KEY = "HS256 keyed with the public key"
    HS256_PUBLIC_KEY_LAX = "HS256 keyed with the public key, discovery lists it"
    HS256_CLIENT_SECRET = "HS256 keyed with the client secret"  # noqa: S105 - a sentence
    HS256_CLIENT_SECRET_LAX = "HS256 keyed with the client secret, discovery lists it"  # noqa: S105 - a sentence
    OTHER_DISCOVERY = "discovery of another issuer"
    WRONG_CALLBACK_ISSUER = "wrong iss in the callback"
    OTHER_USERINFO = "userinfo of another subject"


class Quirk(StrEnum):
    """What must be accepted, because real providers do it."""

    AMR_LIST = "amr as a list, as the standard has it"
    AMR_STRING = "amr as a string, as CILogon sends it"
    RS512_NO_KEY_ID = "RS512 without key id, as Globus signs"


CLAIMS: Mapping[Fault | Quirk, Callable[[Claims], Claims]] = {
    Fault.WRONG_ISSUER: lambda _: {"iss": ELSEWHERE},
    Fault.WRONG_AUDIENCE: lambda _: {"aud": SOMEBODY_ELSE},
    Fault.WRONG_AUDIENCE_OUR_PARTY: lambda claims: {"aud": SOMEBODY_ELSE, "azp": claims["aud"]},
    Fault.EXTRA_AUDIENCE: lambda claims: {"aud": [claims["aud"], SOMEBODY_ELSE]},
    Fault.WRONG_NONCE: lambda _: {"nonce": "of-another-sign-in"},
    Fault.NO_NONCE: lambda _: {"nonce": None},
    Fault.EXPIRED: lambda claims: {"iat": claims["iat"] - 2 * HOUR_SECONDS, "exp": claims["iat"] - HOUR_SECONDS},
    Fault.FROM_THE_FUTURE: lambda claims: {"iat": claims["iat"] + HOUR_SECONDS, "exp": claims["exp"] + HOUR_SECONDS},
    Fault.NO_SUBJECT: lambda _: {"sub": None},
    Fault.BAD_HASH: lambda _: {"at_hash": "A" * 22},
    Fault.NONE_LAX_NO_HASH: lambda _: {"at_hash": None},
    Quirk.AMR_LIST: lambda _: {"amr": ["pwd", "otp"]},
    Quirk.AMR_STRING: lambda _: {"amr": "https://refeds.org/profile/mfa"},
}
"""What each changes in an identity token's claims; None takes a claim away."""

ALGORITHM_NONE = {Fault.NONE, Fault.NONE_LAX, Fault.NONE_LAX_NO_HASH}
HS256 = {
    Fault.HS256_PUBLIC_KEY,
    Fault.HS256_PUBLIC_KEY_LAX,
    Fault.HS256_CLIENT_SECRET,
    Fault.HS256_CLIENT_SECRET_LAX,
}
LAX_METADATA = {
    Fault.NONE_LAX: "none",
    Fault.NONE_LAX_NO_HASH: "none",
    Fault.HS256_PUBLIC_KEY_LAX: "HS256",
    Fault.HS256_CLIENT_SECRET_LAX: "HS256",
}
"""The algorithm that the discovery document lists beside the right one."""


def changed(claims: Claims, oddity: Fault | Quirk | None) -> Claims:
    """Return `claims` as a provider with `oddity` would send them."""
    change = CLAIMS.get(oddity) if oddity is not None else None
    if change is None:
        return claims
    return {name: value for name, value in {**claims, **change(claims)}.items() if value is not None}
