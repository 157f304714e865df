"""Sign-ins under way: each belongs to one browser, which alone remembers it.

Theory of operation: `begin` gives the browser a cookie that is named after the digest of a random state. Whoever
comes back with that state must bring that cookie, so nobody can finish a sign-in that another browser began, and the
session's beginning takes it away. Nothing is stored here: strangers may begin as many sign-ins as they like without
writing anything or pushing anybody aside. The cookie is sealed with a key of this process, so that one that was not
given out here, or is too old, is refused before the provider is asked anything in its name; each is taken once, when
its code goes to the provider. A restart of the portal ends the sign-ins under way.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Annotated

from cryptography.fernet import Fernet, InvalidToken
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from cloudlet.identity.sessions import digest_of
from cloudlet.web import local_path

__all__ = ["LONGEST_SIGN_IN", "PendingSignIn", "PendingSignIns"]

LONGEST_SIGN_IN = timedelta(minutes=10)
"""Time to type a password, find the phone and confirm."""
LONGEST_PATH_BYTES = 1000
"""Of the path remembered: browsers keep no cookie above 4 KiB, and servers take no 16 KiB of them."""
MOST_REMEMBERED = 10_000
"""Sign-ins that were taken and could be shown again; beyond it the oldest are forgotten, and only the limit on what is
under way at a provider stands against them."""

Secret = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class PendingSignIn(BaseModel):
    """What a browser remembers of one sign-in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret: Secret = Field(repr=False)
    """256 random bits that nonce and PKCE verifier are derived from."""
    state_digest: str = Field(repr=False)
    """Of the state that goes to the provider and back."""
    provider: str
    """Key of the provider that the browser was sent to."""
    next_path: str
    """Where the person goes afterwards: a path on this cloudlet."""
    started_at: AwareDatetime

    @classmethod
    def of(cls, secret: str, state: str, provider: str, next_path: str | None, now: datetime) -> PendingSignIn:
        """Return a sign-in that begins now; one that wants to go too far goes home."""
        path = local_path(next_path)
        path = path if len(path.encode()) <= LONGEST_PATH_BYTES else "/"
        return cls(secret=secret, state_digest=digest_of(state), provider=provider, next_path=path, started_at=now)

    def is_for(self, state: str) -> bool:
        """Return whether it began with `state`."""
        return self.state_digest == digest_of(state)

    def is_too_late(self, now: datetime) -> bool:
        """Return whether it has taken longer than anybody needs."""
        return now - self.started_at >= LONGEST_SIGN_IN


class PendingSignIns:
    """Seals what browsers remember, and takes each sign-in once."""

    def __init__(self) -> None:
        self._seal = Fernet(Fernet.generate_key())
        self._taken: OrderedDict[str, datetime] = OrderedDict()

    def seal(self, pending: PendingSignIn) -> str:
        """Return the cookie's value."""
        return self._seal.encrypt(pending.model_dump_json().encode()).decode()

    def open(self, cookie: str) -> PendingSignIn | None:
        """Return the sign-in that `cookie` holds, None where it was not given out by this process."""
        try:
            return PendingSignIn.model_validate_json(self._seal.decrypt(cookie.encode()))
        except (InvalidToken, ValueError):
            return None

    def is_taken(self, pending: PendingSignIn) -> bool:
        """Return whether `pending` was taken before, as far as that is remembered."""
        return pending.state_digest in self._taken

    def take(self, pending: PendingSignIn, now: datetime) -> bool:
        """Say whether this is the first time that `pending` is shown, and remember it until it is too late for it."""
        if self.is_taken(pending):
            return False
        while self._taken and (len(self._taken) >= MOST_REMEMBERED or now >= next(iter(self._taken.values()))):
            self._taken.popitem(last=False)
        self._taken[pending.state_digest] = now + LONGEST_SIGN_IN
        return True
