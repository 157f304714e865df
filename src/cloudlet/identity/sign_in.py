"""Signing in: from the click to a web session.

Once a provider has given tokens for an answer, a refusal is recorded: something is wrong with the provider, or with
who answers in its name. Whatever fails before is only logged, because anybody can make it fail as often as they like.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

import httpx
from starlette.concurrency import run_in_threadpool

from cloudlet.audit import Act, record
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.errors import CloudletError
from cloudlet.identity.errors import Refusal, SignInExpired, SignInRefused
from cloudlet.identity.models import Actor, WebSession
from cloudlet.identity.oidc import Person, PkceSecrets, RelyingParty, Tokens, new_secret
from cloudlet.identity.pending_sign_in import PendingSignIn, PendingSignIns
from cloudlet.identity.provider_limit import ProviderLimit
from cloudlet.identity.service import Identities
from cloudlet.identity.settings import IdentitySettings
from cloudlet.web import NotFound, WebSettings

__all__ = ["Callback", "SignIn", "SignedIn", "StartedSignIn"]

logger = logging.getLogger(__name__)

SIGN_IN = Actor.rule("sign-in")
"""Who refuses a sign-in."""


@dataclass(frozen=True)
class StartedSignIn:
    """A sign-in that has just begun."""

    address: str = field(repr=False)
    """Where the browser goes."""
    state: str = field(repr=False)
    pending: PendingSignIn
    """What the browser must remember under the name of that state."""


@dataclass(frozen=True)
class Callback:
    """What came back from a provider, unchecked."""

    provider: str
    """The key in the address that was called."""
    pending: PendingSignIn | None
    """What the browser remembers under the name of the state."""
    state: str = field(repr=False)
    code: str | None = field(repr=False, default=None)
    error: str | None = None
    issuer: str | None = None
    sender: str | None = None
    """Against whose share of the provider's places it counts."""


@dataclass(frozen=True)
class SignedIn:
    """A web session that has just begun."""

    secret: str = field(repr=False)
    """For the session cookie; never seen again."""
    session: WebSession
    next_path: str
    """Where the person wanted to go."""


class SignIn:
    """Signing in with any of the trusted providers.

    Parameters
    ----------
    database
        Where refusals are recorded.
    identities
        Opens the web session.
    settings
        The providers.
    web
        Where our callbacks are.
    client
        Sends requests to providers.
    clock
        Source of the present time.
    """

    def __init__(
        self,
        database: Database,
        identities: Identities,
        settings: IdentitySettings,
        web: WebSettings,
        client: httpx.AsyncClient,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._identities = identities
        self._clock = clock
        self.pending = PendingSignIns()
        """What browsers remember of sign-ins under way."""
        self._parties: Mapping[str, RelyingParty] = {
            key: RelyingParty(provider, f"{web.base_url}/sign-in/callback/{key}", client, clock)
            for key, provider in settings.providers.items()
        }
        self._limits = {key: ProviderLimit(provider.title) for key, provider in settings.providers.items()}

    async def begin(self, provider: str | None, next_path: str | None, sender: str | None = None) -> StartedSignIn:
        """Return where the browser goes to sign in, and what it must remember; nothing is written here.

        Parameters
        ----------
        provider
            Key of the provider; may be left out where there is only one.
        next_path
            Where the person wants to go afterwards; the home page where it is no path on this cloudlet.
        sender
            Who asks, as for `Callback`; counts only while the provider's metadata is not known.

        Raises
        ------
        NotFound
            There is no such provider.
        SignInBusy, ProviderUnreachable, SignInRefused
            The provider's metadata cannot be had, or is another's.
        """
        key = self._only_key() if provider is None else provider
        party = self._party(key)
        state = new_secret()
        pending = PendingSignIn.of(new_secret(), state, key, next_path, self._clock())
        async with nullcontext() if party.is_known else self._limits[key].one(sender):
            address = await party.authorization_url(PkceSecrets(pending.secret, state))
        return StartedSignIn(address, state, pending)

    async def finish(self, callback: Callback, *, replaces: WebSession | None = None) -> SignedIn:
        """Return the web session that the provider's answer leads to.

        Parameters
        ----------
        callback
            What came back.
        replaces
            The session that this browser had until now; it ends.

        Raises
        ------
        SignInExpired
            The answer belongs to no sign-in of this browser.
        SignInRefused
            The provider said no, or a check failed.
        SignInBusy, NotFound, ProviderUnreachable, SecretUnreadable
            The provider is none of ours, or the exchange could not be made.
        """
        party = self._party(callback.provider)
        pending, person = await self._answered(party, callback)
        secret = new_secret()
        session = await run_in_threadpool(self._open_session, person, secret, replaces)
        return SignedIn(secret, session, pending.next_path)

    async def _answered(self, party: RelyingParty, callback: Callback) -> tuple[PendingSignIn, Person]:
        try:
            pending, code = self._checked(callback)
            pkce = PkceSecrets(pending.secret, callback.state)
            async with self._limits[callback.provider].one(callback.sender):
                await party.check_callback_issuer(callback.issuer)
                self._take(pending)
                tokens = await party.tokens(pkce, code)
                person = await self._person(party, pkce, tokens)
        except _Untrustworthy as refusal:
            await run_in_threadpool(self._record_refusal, callback.provider, refusal.error)
            raise refusal.error from refusal
        except CloudletError as error:
            logger.warning("an answer of provider %s was refused: %s", callback.provider, _reason(error))
            raise
        return pending, person

    def _checked(self, callback: Callback) -> tuple[PendingSignIn, str]:
        """Check all that can be checked without asking the provider."""
        pending = callback.pending
        if pending is None or not pending.is_for(callback.state):
            raise SignInExpired(Refusal.UNKNOWN_SIGN_IN)
        if pending.provider != callback.provider:
            raise SignInExpired(Refusal.OTHER_PROVIDER)
        if pending.is_too_late(self._clock()):
            raise SignInExpired(Refusal.TOO_LATE)
        if callback.error is not None:
            raise SignInRefused(Refusal.PROVIDER_REFUSED)
        if not callback.code:
            raise SignInRefused(Refusal.NO_CODE)
        if self.pending.is_taken(pending):
            raise SignInExpired(Refusal.UNKNOWN_SIGN_IN)
        return pending, callback.code

    def _take(self, pending: PendingSignIn) -> None:
        """Take the sign-in, now that its code is shown: who was turned away before may come back with the same."""
        if not self.pending.take(pending, self._clock()):
            raise SignInExpired(Refusal.UNKNOWN_SIGN_IN)

    async def _person(self, party: RelyingParty, pkce: PkceSecrets, tokens: Tokens) -> Person:
        try:
            return await party.person(pkce, tokens)
        except CloudletError as error:
            raise _Untrustworthy(error) from error

    def _open_session(self, person: Person, secret: str, replaces: WebSession | None) -> WebSession:
        if replaces is not None:
            self._identities.end_session(replaces.id, by=replaces.actor)
        return self._identities.open_session(person.identity, person.name, secret)

    def _record_refusal(self, provider: str, error: CloudletError) -> None:
        with self._database.write() as work:
            record(work, Act(str(SIGN_IN), "identity.sign-in-refused", provider, {"reason": _reason(error)}))

    def _party(self, provider: str) -> RelyingParty:
        party = self._parties.get(provider)
        if party is None:
            raise NotFound("There is no such identity provider here.", "Begin at the sign-in page.")
        return party

    def _only_key(self) -> str:
        return next(iter(self._parties)) if len(self._parties) == 1 else ""


class _Untrustworthy(Exception):
    """A provider gave tokens, and they, or what it says of the person, did not pass a check."""

    def __init__(self, error: CloudletError) -> None:
        super().__init__(str(error))
        self.error = error


def _reason(error: CloudletError) -> str:
    return str(getattr(error, "reason", error.slug))
