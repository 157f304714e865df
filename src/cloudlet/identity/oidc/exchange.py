"""From the code to the tokens, and from the access token to the userinfo (OpenID Connect Core 1.0, 3.1.3 and 5.3)."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import httpx
from pydantic import SecretStr

from cloudlet.database import JsonObject
from cloudlet.identity.errors import Refusal, SecretUnreadable, SignInRefused
from cloudlet.identity.oidc.fetch import TIMEOUT, fetch
from cloudlet.identity.settings import IdentityProviderSettings
from cloudlet.named_files import FileUnusable, read_secret

__all__ = ["Tokens", "exchange_code", "fetch_userinfo"]


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint gave; used at once and never stored."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


async def exchange_code(
    client: httpx.AsyncClient, endpoint: str, settings: IdentityProviderSettings, form: dict[str, str]
) -> Tokens:
    """Return the tokens for the code in `form`, which also holds the redirect address and the PKCE verifier.

    Raises
    ------
    SignInRefused
        The provider refuses the code, or its answer holds no bearer token and identity token.
    ProviderUnreachable
        It does not answer.
    SecretUnreadable
        Our own secret cannot be read.
    """
    secret = await asyncio.to_thread(_read_secret, settings)
    answer = await fetch(client, _token_request(client, endpoint, settings, form, secret))
    if not answer.is_success:
        raise SignInRefused(Refusal.CODE_REFUSED)
    id_token, access_token = answer.body.get("id_token"), answer.body.get("access_token")
    is_bearer = str(answer.body.get("token_type", "")).lower() == "bearer"
    if not is_bearer or not isinstance(id_token, str) or not isinstance(access_token, str):
        raise SignInRefused(Refusal.INCOMPLETE_ANSWER)
    if not access_token.isascii() or not access_token.isprintable():
        raise SignInRefused(Refusal.INCOMPLETE_ANSWER)
    return Tokens(id_token, access_token)


async def fetch_userinfo(client: httpx.AsyncClient, endpoint: str, access_token: str, subject: str) -> JsonObject:
    """Return what the provider tells of `subject`.

    Raises
    ------
    SignInRefused
        It tells nothing, or of somebody else.
    ProviderUnreachable
        It does not answer.
    """
    headers = {"authorization": f"Bearer {access_token}"}
    answer = await fetch(client, client.build_request("GET", endpoint, headers=headers, timeout=TIMEOUT))
    if not answer.is_success:
        raise SignInRefused(Refusal.BAD_PERSON_ANSWER)
    if answer.body.get("sub") != subject:
        raise SignInRefused(Refusal.WRONG_PERSON)
    return answer.body


def _token_request(
    client: httpx.AsyncClient,
    endpoint: str,
    settings: IdentityProviderSettings,
    form: dict[str, str],
    secret: SecretStr,
) -> httpx.Request:
    headers = {"accept": "application/json"}
    if settings.token_auth_method == "client_secret_post":  # noqa: S105 - the name of a method
        form = {**form, "client_id": settings.client_id, "client_secret": secret.get_secret_value()}
    else:
        headers["authorization"] = _basic(settings.client_id, secret)
    return client.build_request("POST", endpoint, data=form, headers=headers, timeout=TIMEOUT)


def _basic(client_id: str, secret: SecretStr) -> str:
    # RFC 6749, 2.3.1: both are form-encoded first; CILogon's ids hold colons, which would split the pair wrongly.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.get_secret_value())}"
    return "Basic " + b64encode(pair.encode()).decode()


def _read_secret(settings: IdentityProviderSettings) -> SecretStr:
    try:
        secret = read_secret(settings.client_secret_file)
    except FileUnusable as cause:
        raise SecretUnreadable(
            f"The client secret for {settings.title} cannot be read.",
            "The administrator should run cloudlet check, which says why.",
        ) from cause
    return SecretStr(secret.get_secret_value().strip())
