"""Instrument access service: who may use a console, and the way to it."""

from cloudlet.access.checks import check_consoles
from cloudlet.access.errors import ConsoleUnreachable, GrantRefused, TicketRefused
from cloudlet.access.events import ConsoleChanged, GrantChanged
from cloudlet.access.models import Authorization, ConsoleState, Grant, Ticket, Viewer
from cloudlet.access.rules import may_operate
from cloudlet.access.service import Access
from cloudlet.access.settings import AccessSettings, ConsoleSettings

__all__ = [
    "Access",
    "AccessSettings",
    "Authorization",
    "ConsoleChanged",
    "ConsoleSettings",
    "ConsoleState",
    "ConsoleUnreachable",
    "Grant",
    "GrantChanged",
    "GrantRefused",
    "Ticket",
    "TicketRefused",
    "Viewer",
    "check_consoles",
    "may_operate",
]
