"""Checking what a portal asks for (RFC 6749, 4.1.1; RFC 7636; OpenID Connect Core 1.0, 3.1.2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from cloudlet.testbed.identity_provider.grants import AuthorizationRequest
from cloudlet.testbed.identity_provider.settings import ProviderSettings

__all__ = ["ClientUnknown", "fault_of", "parse_authorization_request", "redirect_address"]

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class ClientUnknown(ValueError):
    """Nobody can be sent back: the client or its redirect address is not known here."""


def parse_authorization_request(asked: Mapping[str, str], settings: ProviderSettings) -> AuthorizationRequest:
    """Return what was asked; what of it is wrong says `fault_of`.

    Raises
    ------
    ClientUnknown
        The client is unknown or the redirect address is none that it registered.
    """
    client = settings.client(asked.get("client_id", ""))
    if client is None or asked.get("redirect_uri") not in client.redirect_uris:
        raise ClientUnknown("unknown client or redirect address")
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=asked["redirect_uri"],
        state=asked.get("state", ""),
        nonce=asked.get("nonce", ""),
        challenge=asked.get("code_challenge", ""),
    )


def fault_of(asked: Mapping[str, str]) -> str | None:
    """Return the standard's code for what is wrong with a question, None where it can be answered."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in asked.get("scope", "").split():
        return "invalid_scope"
    is_s256 = asked.get("code_challenge_method") == "S256"
    if not is_s256 or CHALLENGE.fullmatch(asked.get("code_challenge", "")) is None:
        return "invalid_request"
    return None


def redirect_address(wanted: AuthorizationRequest, issuer: str, **answer: str) -> str:
    """Return where the browser goes with `answer`; the issuer is always named (RFC 9207)."""
    parameters = {**answer, "state": wanted.state, "iss": issuer}
    joint = "&" if "?" in wanted.redirect_uri else "?"
    return f"{wanted.redirect_uri}{joint}{urlencode(parameters)}"
