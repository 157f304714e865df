"""Pure decisions: what a person's grants allow at a moment, and who gets control.

`view results` opens no console; `operate assisted` needs somebody from the staff beside the researcher, which
nothing can confirm yet, and therefore observes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cloudlet.access.models import Grant
from cloudlet.access.rfb import Right
from cloudlet.identity import ON_THIS_HOST, Actor, Decision
from cloudlet.instruments import Level

__all__ = [
    "gets_control",
    "is_live",
    "level_at",
    "may_grant",
    "may_open_console",
    "may_operate",
    "may_revoke",
    "may_see",
    "rights_of",
]

BY_STAFF = Decision(True, "You are staff of this instrument.")
NOT_STAFF = Decision(False, "Access to this instrument is given and taken away by its staff.")


def is_live(grant: Grant, now: datetime) -> bool:
    """Return whether `grant` holds at `now`; its end is the first moment at which it does not."""
    return grant.not_before <= now and (grant.not_after is None or now < grant.not_after)


def level_at(grants: Iterable[Grant], now: datetime) -> Level | None:
    """Return the highest level of the `grants` that hold at `now`, None where none does."""
    return max((grant.level for grant in grants if is_live(grant, now)), default=None)


def may_revoke(actor: Actor, held: Iterable[Grant], now: datetime) -> Decision:
    """Decide whether `actor`, with the grants `held` on an instrument, may take access to it away at `now`."""
    if not actor.is_person:
        return ON_THIS_HOST
    return BY_STAFF if level_at(held, now) == Level.STAFF else NOT_STAFF


def may_grant(actor: Actor, held: Iterable[Grant], wanted: Grant, now: datetime) -> Decision:
    """Decide whether `actor`, with the grants `held` on an instrument, may give `wanted` at `now`.

    Staff give nothing that outlasts what they have: who is staff for a day would otherwise be so for ever.
    """
    if not actor.is_person:
        return ON_THIS_HOST
    staffed = [grant for grant in held if is_live(grant, now) and grant.level == Level.STAFF]
    if not staffed:
        return NOT_STAFF
    if any(_ends_no_later(wanted, grant) for grant in staffed):
        return BY_STAFF
    return Decision(False, "You cannot give access for longer than you are staff of this instrument yourself.")


def _ends_no_later(wanted: Grant, held: Grant) -> bool:
    return held.not_after is None or (wanted.not_after is not None and wanted.not_after <= held.not_after)


def may_see(level: Level | None) -> Decision:
    """Decide whether somebody with `level` learns that the instrument exists."""
    if level is None:
        return Decision(False, "You have no access to this instrument now.")
    return Decision(True, f"Your level here: {level.title}.")


def may_open_console(level: Level | None) -> Decision:
    """Decide whether somebody with `level` gets to the instrument's screen at all."""
    if level is not None and level < Level.OBSERVE:
        return Decision(False, "You may view results of this instrument, but not its screen.")
    return may_see(level)


def may_operate(level: Level | None) -> bool:
    """Return whether somebody with `level` may hold mouse and keyboard alone."""
    return level is not None and level >= Level.OPERATE


def rights_of(level: Level | None, *, has_control: bool) -> Right:
    """Return what a viewer with `level` may do to the instrument, with or without control."""
    if not has_control or not may_operate(level):
        return Right.NONE
    return Right.INPUT | Right.MACHINE if level == Level.STAFF else Right.INPUT


def gets_control(level: Level, username: str, operator: str | None) -> bool:
    """Return whether who arrives takes control.

    Parameters
    ----------
    level
        Level of the person who arrives.
    username
        Who arrives.
    operator
        Who has control at this moment; None where nobody has.

    Returns
    -------
    bool
        True where control is free, or held by the same person's older window.
    """
    return may_operate(level) and operator in {None, username}
