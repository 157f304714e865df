"""News of identities: who came, who went, who was linked to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cloudlet.events import Event

__all__ = ["AccountMade", "IdentityLinked", "SessionEnded", "SessionStarted"]


@dataclass(frozen=True)
class AccountMade(Event):
    """The local account that is the subject can be linked to identities now."""

    kind: ClassVar[str] = "identity.account-made"


@dataclass(frozen=True)
class IdentityLinked(Event):
    """An identity acts as the account that is the subject from now on."""

    kind: ClassVar[str] = "identity.linked"

    issuer: str
    identity_subject: str


@dataclass(frozen=True)
class SessionStarted(Event):
    """Somebody signed in; the subject is the web session's id."""

    kind: ClassVar[str] = "identity.session-started"


@dataclass(frozen=True)
class SessionEnded(Event):
    """The web session that is the subject was ended before its time; whatever rests on it must close."""

    kind: ClassVar[str] = "identity.session-ended"
