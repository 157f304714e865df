"""Who somebody is to us, who acts, and what a rule answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Account", "Actor", "ActorKind", "Decision", "Identity", "WebSession"]


@dataclass(frozen=True)
class Decision:
    """A rule's answer; the reason is shown to the person and written to the audit record."""

    allowed: bool
    reason: str

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True)
class Identity:
    """A login identity: the pair decides, everything else is decoration (never e-mail, never a user name)."""

    issuer: str
    subject: str

    @property
    def actor(self) -> Actor:
        """Who signs in with it, acting without an account."""
        # An @ cannot be in a user name, so nobody without an account can pass for somebody with one.
        return Actor.person(f"{self.subject}@{self.issuer}")


class ActorKind(StrEnum):
    """What stands behind an act."""

    PERSON = "person"
    """Somebody who signed in, whom the rules of each component judge."""
    HOST = "host"
    """Somebody who runs a command on this host: who can write the database can do all of it, so no rule is asked."""
    RULE = "rule"
    """The cloudlet itself, by a rule that has a name."""


@dataclass(frozen=True)
class Actor:
    """Who acts; every use case takes one, and the audit record names it by its text."""

    kind: ActorKind
    name: str
    """The account's user name (``SUBJECT@ISSUER`` without an account), the host's login, or the rule's name."""

    @classmethod
    def person(cls, username: str) -> Actor:
        """Return the person called `username`."""
        return cls(ActorKind.PERSON, username)

    @classmethod
    def host(cls, login: str) -> Actor:
        """Return whoever runs a command on this host as `login`."""
        return cls(ActorKind.HOST, login)

    @classmethod
    def rule(cls, name: str) -> Actor:
        """Return the rule called `name`."""
        return cls(ActorKind.RULE, name)

    @property
    def is_person(self) -> bool:
        """Whether rules decide what this actor may do; host and rules may do everything, and are recorded."""
        return self.kind is ActorKind.PERSON

    def __str__(self) -> str:
        # A colon cannot be in a user name, so no person can pass for the host or a rule.
        return self.name if self.is_person else f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class Account:
    """A local account that an identity is linked to."""

    username: str
    display_name: str

    @property
    def actor(self) -> Actor:
        """The account's person, acting."""
        return Actor.person(self.username)


@dataclass(frozen=True)
class WebSession:
    """One signed-in browser."""

    id: str
    """SHA-256 of the cookie's secret, in hex: safe to store and to name elsewhere."""
    identity: Identity
    name: str
    """What the identity provider calls the person; for greeting somebody without an account."""
    account: Account | None
    """None where nobody has linked this identity to a local account."""
    expires_at: datetime

    @property
    def actor(self) -> Actor:
        """The person at the browser, acting; without an account by the login identity."""
        return self.identity.actor if self.account is None else self.account.actor
