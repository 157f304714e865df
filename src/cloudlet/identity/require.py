"""From a rule's answer to the error that everybody is shown."""

from __future__ import annotations

from cloudlet.identity.models import Decision
from cloudlet.web import Forbidden

__all__ = ["require"]

ASK = "Ask the facility's staff for access."


def require(decision: Decision, remedy: str = ASK) -> None:
    """Go on where the rule allows it.

    Raises
    ------
    cloudlet.web.Forbidden
        It does not; the message is the rule's reason.
    """
    if not decision:
        raise Forbidden(decision.reason, remedy)
