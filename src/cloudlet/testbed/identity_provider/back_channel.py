"""What portals see: metadata, keys, tokens, userinfo."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudlet.clock import Clock
from cloudlet.testbed.identity_provider.clients import authenticated_client
from cloudlet.testbed.identity_provider.faults import ELSEWHERE, LAX_METADATA, SOMEBODY_ELSE, Fault, Quirk
from cloudlet.testbed.identity_provider.forms import read_form
from cloudlet.testbed.identity_provider.grants import TOKEN_LIFE, ExpiringStore, Grant
from cloudlet.testbed.identity_provider.settings import ProviderClient, ProviderSettings
from cloudlet.testbed.identity_provider.tokens import Signer

__all__ = ["BackChannel"]


class BackChannel:
    """The routes for portals.

    Parameters
    ----------
    settings
        Clients and people.
    codes
        What the browser side left.
    signer
        Signs identity tokens.
    clock
        Source of the present time.
    oddity
        What is wrong or unusual about this provider, if anything.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        codes: ExpiringStore[Grant],
        signer: Signer,
        clock: Clock,
        oddity: Fault | Quirk | None,
    ) -> None:
        self._settings = settings
        self._codes = codes
        self._tokens: ExpiringStore[Grant] = ExpiringStore(TOKEN_LIFE, clock)
        self._signer = signer
        self._clock = clock
        self._oddity = oddity

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/.well-known/openid-configuration", self._metadata),
            Route("/keys", self._keys),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]

    async def _metadata(self, _request: Request) -> Response:
        base = self._settings.base_url
        algorithms = [self._signer.algorithm]
        if isinstance(self._oddity, Fault) and self._oddity in LAX_METADATA:
            algorithms.append(LAX_METADATA[self._oddity])
        document = {
            "issuer": ELSEWHERE if self._oddity is Fault.OTHER_DISCOVERY else self._settings.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/keys",
            "scopes_supported": ["openid", "profile"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "at_hash", "name"],
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(document)

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse(self._signer.public_keys())

    async def _token(self, request: Request) -> Response:
        form = await read_form(request)
        client = authenticated_client(request.headers.get("authorization"), form, self._settings)
        if client is None:
            return JSONResponse({"error": "invalid_client"}, 401, {"www-authenticate": "Basic"})
        if form.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        grant = self._codes.take(form.get("code", ""))
        if grant is None or not _fits(grant, client, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(self._token_answer(grant, client))

    async def _userinfo(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self._tokens.get(token) if scheme.lower() == "bearer" else None
        person = None if grant is None else self._settings.person(grant.subject)
        if person is None:
            return JSONResponse({"error": "invalid_token"}, 401, {"www-authenticate": "Bearer"})
        subject = SOMEBODY_ELSE if self._oddity is Fault.OTHER_USERINFO else person.subject
        return JSONResponse({"sub": subject, "name": person.name})

    def _token_answer(self, grant: Grant, client: ProviderClient) -> dict[str, Any]:
        access_token = self._tokens.add(grant)
        claims = self._claims(grant)
        return {
            "token_type": "Bearer",
            "access_token": access_token,
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "id_token": self._signer.id_token(claims, access_token, client.client_secret),
        }

    def _claims(self, grant: Grant) -> dict[str, Any]:
        now = int(self._clock().timestamp())
        person = self._settings.person(grant.subject)
        return {
            "iss": self._settings.issuer,
            "sub": grant.subject,
            "aud": grant.wanted.client_id,
            "iat": now,
            "auth_time": int(grant.at.timestamp()),
            "exp": now + int(TOKEN_LIFE.total_seconds()),
            "nonce": grant.wanted.nonce,
            "name": "" if person is None else person.name,
        }


def _fits(grant: Grant, client: ProviderClient, form: Mapping[str, str]) -> bool:
    """Return whether the code was made for this client and address, and for who knows the verifier (RFC 7636, 4.6)."""
    wanted = grant.wanted
    digest = hashlib.sha256(form.get("code_verifier", "").encode("utf-8", "replace")).digest()
    challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
    return (
        wanted.client_id == client.client_id
        and wanted.redirect_uri == form.get("redirect_uri")
        and hmac.compare_digest(challenge, wanted.challenge)
    )
