"""Which client sends a token request: its secret by HTTP Basic or in the form (RFC 6749, 2.3.1)."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import unquote_plus

from cloudlet.testbed.identity_provider.settings import ProviderClient, ProviderSettings

__all__ = ["authenticated_client"]


def authenticated_client(
    authorization: str | None, form: Mapping[str, str], settings: ProviderSettings
) -> ProviderClient | None:
    """Return the client that proved itself, None where none did; both ways at once are none.

    Parameters
    ----------
    authorization
        The header of that name.
    form
        The request's body.
    settings
        The clients.
    """
    if authorization is not None and "client_secret" in form:
        return None
    named = _from_header(authorization) if authorization is not None else _from_form(form)
    client = settings.client(named[0])
    if client is None or not hmac.compare_digest(
        named[1].encode("utf-8", "replace"), client.client_secret.get_secret_value().encode()
    ):
        return None
    return client


def _from_form(form: Mapping[str, str]) -> tuple[str, str]:
    return form.get("client_id", ""), form.get("client_secret", "")


def _from_header(authorization: str) -> tuple[str, str]:
    scheme, _, credentials = authorization.partition(" ")
    try:
        pair = b64decode(credentials, validate=True).decode()
    except ValueError:
        return "", ""
    client_id, _, secret = pair.partition(":")
    return (unquote_plus(client_id), unquote_plus(secret)) if scheme.lower() == "basic" else ("", "")
