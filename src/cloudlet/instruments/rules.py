"""Pure decisions about instrument sessions."""

from __future__ import annotations

from cloudlet.identity import Decision
from cloudlet.instruments.models import InstrumentSession

__all__ = ["may_view_results"]


def may_view_results(username: str, session: InstrumentSession | None) -> Decision:
    """Decide whether `username` may view the results of `session`; of results without one, nobody may."""
    if session is None or username not in session.people:
        return Decision(False, "These results belong to people of another session.")
    return Decision(True, "You are among the people of this session.")
