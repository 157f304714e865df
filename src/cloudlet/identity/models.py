"""Who somebody is to us, and what a rule answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Account", "Decision", "Identity", "WebSession"]


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


@dataclass(frozen=True)
class Account:
    """A local account that an identity is linked to."""

    username: str
    display_name: str


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
