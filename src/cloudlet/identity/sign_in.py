"""Signing in: from the click to a web session.

A refused answer that belonged to a sign-in of ours is recorded; one that belongs to none is only logged,
because anybody can send as many of those as they like.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from cloudlet.audit import Act, record
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.errors import CloudletError
from cloudlet.identity.attempts import add_attempt, is_too_late, take_attempt
from cloudlet.identity.errors import Refusal, SignInExpired, SignInRefused
from cloudlet.identity.models import WebSession
from cloudlet.identity.oidc import Person, Proof, RelyingParty, new_secret
from cloudlet.identity.service import Identities
from cloudlet.identity.sessions import digest_of
from cloudlet.identity.settings import IdentitySettings
from cloudlet.identity.store import SignInRow
from cloudlet.web import NotFound, WebSettings, local_path

__all__ = ["Callback", "SignIn", "SignedIn"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Callback:
    """What came back from a provider, unchecked."""

    provider: str
    """The key in the address that was called."""
    browser: str | None = field(repr=False)
    """The secret in the browser's cookie."""
    state: str = field(repr=False)
    code: str | None = field(repr=False, default=None)
    error: str | None = None
    issuer: str | None = None


@dataclass(frozen=True)
class SignedIn:
    """A web session that has just begun."""

    secret: str = field(repr=False)
    """For the session cookie; never seen again."""
    session: WebSession
    next_path: str
    """Where the person wanted to go."""


class SignIn:
    """All trusted providers, and the sign-ins under way with them.

    Parameters
    ----------
    database
        Where the sign-ins under way are.
    identities
        Opens the web session.
    settings
        The providers.
    web
        Where our callbacks are.
    client
        Sends requests to providers.
    clock
        Tells the present instant.
    """

    def __init__(
        self,
        database: Database,
        identities: Identities,
        settings: IdentitySettings,
        web: WebSettings,
        client: httpx.Client,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._identities = identities
        self._clock = clock
        self._parties: Mapping[str, RelyingParty] = {
            key: RelyingParty(provider, f"{web.base_url}/sign-in/callback/{key}", client, clock)
            for key, provider in settings.providers.items()
        }

    def begin(self, provider: str | None, next_path: str | None, browser: str) -> str:
        """Return where the browser that holds the secret `browser` goes to sign in.

        Parameters
        ----------
        provider
            Key of the provider; may be left out where there is only one.
        next_path
            Where the person wants to go afterwards; the home page where it is no path on this cloudlet.
        browser
            The secret in the browser's cookie.

        Raises
        ------
        NotFound
            There is no such provider.
        ProviderUnreachable, SignInRefused
            The provider's metadata cannot be had, or is another's.
        """
        key = self._only_key() if provider is None else provider
        state = new_secret()
        address = self._party(key).authorization_url(Proof(browser, state))
        attempt = SignInRow(
            state_digest=digest_of(state),
            browser_digest=digest_of(browser),
            provider=key,
            next_path=local_path(next_path),
            created_at=self._clock(),
        )
        with self._database.write() as work:
            add_attempt(work, attempt)
        return address

    def finish(self, callback: Callback, *, replaces: str | None = None) -> SignedIn:
        """Return the web session that the provider's answer leads to.

        Parameters
        ----------
        callback
            What came back.
        replaces
            Id of the session that this browser had until now; it ends.

        Raises
        ------
        SignInExpired
            The answer belongs to no sign-in of this browser.
        SignInRefused
            The provider said no, or a check failed.
        NotFound, ProviderUnreachable, SecretUnreadable
            The provider is none of ours, or the exchange could not be made.
        """
        party = self._party(callback.provider)
        attempt = self._taken(callback)
        try:
            person = self._person(party, attempt, callback)
        except CloudletError as error:
            self._record_refusal(callback.provider, error)
            raise
        if replaces is not None:
            self._identities.end_session(replaces)
        secret = new_secret()
        session = self._identities.open_session(person.identity, person.name, secret)
        return SignedIn(secret, session, attempt.next_path)

    def _taken(self, callback: Callback) -> SignInRow:
        with self._database.write() as work:
            attempt = take_attempt(work, digest_of(callback.state))
        if attempt is None:
            logger.info("an answer of provider %s belongs to no sign-in under way", callback.provider)
            raise SignInExpired(Refusal.UNKNOWN_ATTEMPT)
        return attempt

    def _person(self, party: RelyingParty, attempt: SignInRow, callback: Callback) -> Person:
        browser = callback.browser
        if browser is None or digest_of(browser) != attempt.browser_digest:
            raise SignInExpired(Refusal.OTHER_BROWSER)
        if attempt.provider != callback.provider:
            raise SignInExpired(Refusal.OTHER_PROVIDER)
        if is_too_late(attempt, self._clock()):
            raise SignInExpired(Refusal.TOO_LATE)
        party.check_callback_issuer(callback.issuer)
        if callback.error is not None:
            raise SignInRefused(Refusal.PROVIDER_REFUSED)
        if not callback.code:
            raise SignInRefused(Refusal.NO_CODE)
        return party.person(Proof(browser, callback.state), callback.code)

    def _record_refusal(self, provider: str, error: CloudletError) -> None:
        reason = str(getattr(error, "reason", error.slug))
        with self._database.write() as work:
            record(work, Act("rule:sign-in", "identity.sign-in-refused", provider, {"reason": reason}))

    def _party(self, provider: str) -> RelyingParty:
        party = self._parties.get(provider)
        if party is None:
            raise NotFound("There is no such identity provider here.", "Begin at the sign-in page.")
        return party

    def _only_key(self) -> str:
        return next(iter(self._parties)) if len(self._parties) == 1 else ""
