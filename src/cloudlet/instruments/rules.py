"""Pure decisions about instrument sessions."""

from __future__ import annotations

from cloudlet.identity import ON_THIS_HOST, Actor, Decision
from cloudlet.instruments.models import InstrumentSession

__all__ = ["may_administer", "may_view_results"]


def may_administer(actor: Actor) -> Decision:
    """Decide whether `actor` may register instruments and open sessions on them."""
    if actor.is_person:
        return Decision(False, "Instruments and their sessions are set up by commands on this host.")
    return ON_THIS_HOST


def may_view_results(actor: Actor, session: InstrumentSession | None) -> Decision:
    """Decide whether `actor` may view the results of `session`; of results without one, no person may."""
    if not actor.is_person:
        return ON_THIS_HOST
    if session is None or actor.name not in session.people:
        return Decision(False, "These results belong to people of another session.")
    return Decision(True, "You are among the people of this session.")
