"""Sign-ins under way: each belongs to one browser, which alone remembers it.

Theory of operation: `begin` gives the browser a cookie that is named after the digest of a random state. Whoever
comes back with that state must bring that cookie, so nobody can finish a sign-in that another browser began, and the
session's beginning takes it away. Nothing is stored here: strangers may begin as many sign-ins as they like without
writing anything or pushing anybody aside. The cookie is not sealed, because its owner gains nothing by changing it:
the secret is theirs, the path is checked again, and the provider's answer must fit secret, state and address.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from cloudlet.web import local_path

__all__ = ["LONGEST_SIGN_IN", "PendingSignIn"]

LONGEST_SIGN_IN = timedelta(minutes=10)
"""Time to type a password, find the phone and confirm."""
LONGEST_PATH_BYTES = 1000
"""Of the path remembered: browsers keep no cookie above 4 KiB, and servers take no 16 KiB of them."""

Secret = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class PendingSignIn(BaseModel):
    """What a browser remembers of one sign-in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret: Secret = Field(repr=False)
    """256 random bits that nonce and PKCE verifier are derived from."""
    provider: str
    """Key of the provider that the browser was sent to."""
    wanted: str
    """Where the person wants to go afterwards, as the cookie says."""
    started_at: AwareDatetime

    @classmethod
    def of(cls, secret: str, provider: str, next_path: str | None, now: datetime) -> PendingSignIn:
        """Return a sign-in that begins now; one that wants to go too far goes home."""
        path = local_path(next_path)
        wanted = path if len(path.encode()) <= LONGEST_PATH_BYTES else "/"
        return cls(secret=secret, provider=provider, wanted=wanted, started_at=now)

    @classmethod
    def decode(cls, cookie: str) -> PendingSignIn | None:
        """Return the sign-in that `cookie` holds, None where it is none of ours."""
        try:
            return cls.model_validate_json(urlsafe_b64decode(cookie.encode() + b"=="))
        except ValueError:
            return None

    def encode(self) -> str:
        """Return the cookie's value."""
        return urlsafe_b64encode(self.model_dump_json().encode()).rstrip(b"=").decode()

    @property
    def next_path(self) -> str:
        """Where the person goes afterwards; the home page where the cookie names no path on this cloudlet."""
        return local_path(self.wanted)

    def is_too_late(self, now: datetime) -> bool:
        """Tell whether it has taken longer than anybody needs."""
        return now - self.started_at >= LONGEST_SIGN_IN
