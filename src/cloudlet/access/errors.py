"""Why somebody does not get to a console, or gets no grant."""

from cloudlet.errors import CloudletError

__all__ = ["ConsoleUnreachable", "GrantRefused", "TicketRefused"]


class GrantRefused(CloudletError):
    """The grant names no instrument or user that there can be, or no time."""

    slug = "grant-refused"


class TicketRefused(CloudletError):
    """The ticket is unknown, used, too old, for another console, or its owner's right has ended."""

    slug = "ticket-refused"


class ConsoleUnreachable(CloudletError):
    """The instrument's screen cannot be opened; the message says which step failed."""

    slug = "console-unreachable"
    retryable = True
