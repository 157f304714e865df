"""Pure decisions about instrument sessions."""

from __future__ import annotations

from cloudlet.identity import Decision
from cloudlet.instruments.models import InstrumentSession, Level

__all__ = ["may_retry", "may_view_results"]


def may_view_results(username: str, session: InstrumentSession | None) -> Decision:
    """Decide whether `username` may view the results of `session`; of results without one, nobody may."""
    if session is None or username not in session.people:
        return Decision(False, "These results belong to people of another session.")
    return Decision(True, "You are among the people of this session.")


def may_retry(username: str, session: InstrumentSession | None) -> Decision:
    """Decide whether `username` may have results of `session` measured again, which costs the edge's time."""
    decision = may_view_results(username, session)
    if session is None or not decision:
        return decision
    level = session.people[username]
    if level < Level.OPERATE:
        return Decision(False, f"Trying again needs the level operate in this session; yours is {level.title}.")
    return Decision(True, f"Your level in this session: {level.title}.")
