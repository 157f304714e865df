"""Codes and access tokens between two clicks: in memory, short-lived, codes for one use."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from cloudlet.clock import Clock

__all__ = ["CODE_LIFE", "TOKEN_LIFE", "AuthorizationRequest", "ExpiringStore", "Grant"]

CODE_LIFE = timedelta(seconds=60)
TOKEN_LIFE = timedelta(minutes=5)
LIMIT = 1000

T = TypeVar("T")


@dataclass(frozen=True)
class AuthorizationRequest:
    """What a portal asked for when it sent a browser here."""

    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    challenge: str = field(repr=False)


@dataclass(frozen=True)
class Grant:
    """Who signed in, and for which question."""

    wanted: AuthorizationRequest
    subject: str
    at: datetime


class ExpiringStore(Generic[T]):
    """Things kept for a while under random names, at most a thousand of them.

    Parameters
    ----------
    life
        How long each is kept.
    clock
        Source of the present time.
    """

    def __init__(self, life: timedelta, clock: Clock) -> None:
        self._life = life
        self._clock = clock
        self._kept: dict[str, tuple[T, datetime]] = {}

    def add(self, thing: T) -> str:
        """Keep `thing` and return its new name of 256 random bits."""
        now = self._clock()
        living = [(name, kept) for name, kept in self._kept.items() if now < kept[1]]
        self._kept = dict(living[-(LIMIT - 1) :])
        name = secrets.token_urlsafe(32)
        self._kept[name] = (thing, now + self._life)
        return name

    def get(self, name: str) -> T | None:
        """Return what is kept as `name`, None where there is nothing any more."""
        kept = self._kept.get(name)
        return None if kept is None or self._clock() >= kept[1] else kept[0]

    def take(self, name: str) -> T | None:
        """Return what is kept as `name` and keep it no longer."""
        thing = self.get(name)
        self._kept.pop(name, None)
        return thing
