"""An act, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Act", "AuditRecord"]


@dataclass(frozen=True)
class Act:
    """What somebody did: never secrets, never raw claims."""

    actor: str
    """A user name (``SUBJECT@ISSUER`` without an account), ``host:LOGIN`` for a command on this host, or ``rule:NAME``
    where nobody acted."""
    what: str
    """``component.act``, for example ``access.control-taken``."""
    subject: str
    """The key of what it was done to."""
    detail: dict[str, Any] = field(default_factory=dict)
    """Facts the decision rested on, writable as JSON."""


@dataclass(frozen=True)
class AuditRecord:
    """An act as it stands in the record."""

    id: int
    at: datetime
    act: Act
    digest: str
    """SHA-256 over this record and the digest before it, in hex."""
