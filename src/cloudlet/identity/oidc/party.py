"""Our side of the conversation with one provider."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

from cloudlet.clock import Clock
from cloudlet.database import JsonObject
from cloudlet.identity.errors import Refusal, SignInRefused
from cloudlet.identity.models import Identity
from cloudlet.identity.oidc.claims import Expected, check_claims
from cloudlet.identity.oidc.discovery import Discovery, Metadata
from cloudlet.identity.oidc.exchange import Tokens, exchange_code, fetch_userinfo
from cloudlet.identity.oidc.pkce_secrets import PkceSecrets
from cloudlet.identity.oidc.signature import signed_claims
from cloudlet.identity.rules import printable
from cloudlet.identity.settings import IdentityProviderSettings

__all__ = ["Person", "RelyingParty"]


@dataclass(frozen=True)
class Person:
    """Whom a provider vouches for."""

    identity: Identity
    name: str
    """For greeting only; the subject where the provider tells no name."""


class RelyingParty:
    """One provider as we use it.

    Parameters
    ----------
    settings
        What is pinned of it.
    redirect_uri
        Our callback for this provider and no other, so that one provider's code never goes to another.
    client
        Sends the requests.
    clock
        Source of the present time.
    """

    def __init__(
        self, settings: IdentityProviderSettings, redirect_uri: str, client: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._client = client
        self._clock = clock
        self._discovery = Discovery(settings, client, clock)

    @property
    def is_known(self) -> bool:
        """Whether `authorization_url` needs the provider for one person at a time at most."""
        return self._discovery.is_known

    async def authorization_url(self, pkce: PkceSecrets) -> str:
        """Return where the browser goes to sign in.

        Raises
        ------
        ProviderUnreachable, SignInRefused
            The provider's metadata cannot be had, or is another's.
        """
        question = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": pkce.state,
            "nonce": pkce.nonce,
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = (await self._discovery.metadata()).authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(question)}"

    async def check_callback_issuer(self, issuer: str | None) -> None:
        """Refuse an answer that names another provider, or none where this one always names itself (RFC 9207).

        Raises
        ------
        SignInRefused
            It does.
        """
        is_required = (await self._discovery.metadata()).names_issuer_in_callback
        if issuer != self._settings.issuer and (issuer is not None or is_required):
            raise SignInRefused(Refusal.WRONG_CALLBACK_ISSUER)

    async def tokens(self, pkce: PkceSecrets, code: str) -> Tokens:
        """Return what the provider gives for `code`.

        Raises
        ------
        SignInRefused
            It refuses the code.
        ProviderUnreachable, SecretUnreadable
            The exchange could not be made.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": pkce.verifier,
        }
        metadata = await self._discovery.metadata()
        return await exchange_code(self._client, metadata.token_endpoint, self._settings, form)

    async def person(self, pkce: PkceSecrets, tokens: Tokens) -> Person:
        """Return whom the provider vouches for with `tokens`.

        Raises
        ------
        SignInRefused
            Any check failed; the reason says which.
        ProviderUnreachable
            It does not tell its keys, or about the person.
        """
        claims, subject = await self._checked(tokens, pkce)
        userinfo = await self._userinfo(await self._discovery.metadata(), tokens, subject)
        return Person(Identity(self._settings.issuer, subject), _name(claims, userinfo) or subject)

    async def _checked(self, tokens: Tokens, pkce: PkceSecrets) -> tuple[JsonObject, str]:
        settings, discovery = self._settings, self._discovery
        claims = await signed_claims(tokens.id_token, settings.algorithm, discovery.keys, discovery.renewed_keys)
        expected = Expected(
            issuer=settings.issuer,
            client_id=settings.client_id,
            algorithm=settings.algorithm,
            nonce=pkce.nonce,
            access_token=tokens.access_token,
            now=self._clock(),
        )
        return claims, check_claims(claims, expected)

    async def _userinfo(self, metadata: Metadata, tokens: Tokens, subject: str) -> JsonObject:
        if metadata.userinfo_endpoint is None:
            return {}
        return await fetch_userinfo(self._client, metadata.userinfo_endpoint, tokens.access_token, subject)


def _name(claims: JsonObject, userinfo: JsonObject) -> str:
    """Return what to call the person; what is signed comes first."""
    names = (source.get(key) for key in ("name", "preferred_username") for source in (claims, userinfo))
    readable = (printable(name) for name in names if isinstance(name, str))
    return next((name for name in readable if name), "")
