"""Why somebody does not get to a console."""

from cloudlet.errors import CloudletError

__all__ = ["ConsoleUnreachable", "TicketRefused"]


class TicketRefused(CloudletError):
    """The ticket is unknown, used, too old, for another console, or its owner's right has ended."""

    slug = "ticket-refused"


class ConsoleUnreachable(CloudletError):
    """The instrument's screen cannot be opened; the message says which step failed."""

    slug = "console-unreachable"
    retryable = True
