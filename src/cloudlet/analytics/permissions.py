"""Who may begin what; apart from `rules`, which watchers and workers import and which therefore know no accounts.

Who may view results is decided by the people of the instrument session, in `cloudlet.instruments`.
"""

from __future__ import annotations

from cloudlet.identity import ON_THIS_HOST, Actor, Decision
from cloudlet.instruments import InstrumentSession, Level, may_view_results

__all__ = ["may_process_folder", "may_retry"]


def may_process_folder(actor: Actor) -> Decision:
    """Decide whether `actor` may have any folder of this host processed, without an instrument session."""
    if actor.is_person:
        return Decision(False, "Folders without an instrument session are processed by commands on this host.")
    return ON_THIS_HOST


def may_retry(actor: Actor, session: InstrumentSession | None) -> Decision:
    """Decide whether `actor` may have results of `session` measured again, which costs the edge's time."""
    decision = may_view_results(actor, session)
    if session is None or not actor.is_person or not decision:
        return decision
    level = session.people[actor.name]
    if level < Level.OPERATE:
        return Decision(False, f"Trying again needs the level operate in this session; yours is {level.title}.")
    return Decision(True, f"Your level in this session: {level.title}.")
