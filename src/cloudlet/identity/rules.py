"""Decisions of the identity component that need nothing but their arguments."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from cloudlet.identity.models import Actor, Decision

__all__ = [
    "ON_THIS_HOST",
    "is_use",
    "is_username",
    "may_end_session",
    "may_link",
    "printable",
    "session_end",
]

NAME_LENGTH = 200
ON_THIS_HOST = Decision(True, "Whoever runs commands on this host may do this.")
"""What every component answers to who could as well write the database."""
USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def is_use(fetch_mode: str | None) -> bool:
    """Return whether a request with this ``Sec-Fetch-Mode`` (W3C Fetch Metadata) is a person's doing.

    Browsers set it, and no page can change it: only a click on a link, a form or an address is a navigation, while
    pictures and whatever a script asks for come by themselves. Who sends none is a program that somebody runs.
    """
    return fetch_mode in {None, "navigate"}


def is_username(text: str) -> bool:
    """Return whether `text` can name a local account: lower case, 1 to 32 characters, as POSIX systems take it."""
    return USERNAME.fullmatch(text) is not None


def printable(name: str) -> str:
    """Return what an identity provider calls a person as it can be shown: one line, at most 200 characters."""
    return "".join(letter for letter in name if letter.isprintable()).strip()[:NAME_LENGTH]


def session_end(created_at: datetime, seen_at: datetime, *, idle: timedelta, longest: timedelta) -> datetime:
    """Return when a web session ends unless it is used before: after `idle`, at most `longest` after its start."""
    return min(seen_at + idle, created_at + longest)


def may_link(actor: Actor) -> Decision:
    """Decide whether `actor` may make accounts and say which identities act as them."""
    if actor.is_person:
        return Decision(False, "Accounts are made and linked by commands on this host.")
    return ON_THIS_HOST


def may_end_session(actor: Actor, holders: Collection[Actor]) -> Decision:
    """Decide whether `actor` may end a web session; its `holders` are its login identity and the account it acts as."""
    if actor.is_person and actor not in holders:
        return Decision(False, "This session is somebody else's.")
    return Decision(True, "One's own sessions may be ended at any time, and every one from this host.")
