"""Who may begin what; apart from `rules`, which watchers and workers import and which therefore know no accounts.

Who may view and retry results is decided by the people of the instrument session, in `cloudlet.instruments`.
"""

from __future__ import annotations

from cloudlet.identity import Actor, Decision

__all__ = ["may_process_folder"]


def may_process_folder(actor: Actor) -> Decision:
    """Decide whether `actor` may have any folder of this host processed, without an instrument session."""
    if actor.is_person:
        return Decision(False, "Folders without an instrument session are processed by commands on this host.")
    return Decision(True, "Whoever runs commands on this host may do this.")
