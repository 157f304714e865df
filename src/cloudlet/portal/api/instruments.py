"""Instruments as JSON, and the tickets to their consoles."""

from __future__ import annotations

from fastapi import APIRouter, Request

from cloudlet.access import may_operate
from cloudlet.identity import Account
from cloudlet.instruments import Instrument
from cloudlet.portal.schemas import InstrumentSchema, TicketSchema
from cloudlet.portal.services import Services
from cloudlet.web import Forbidden

__all__ = [
    "instrument_api",
    "instrument_schema",
]


def instrument_schema(services: Services, account: Account, instrument: Instrument) -> InstrumentSchema:
    """Return what `account` sees of `instrument` at this moment."""
    actor = account.actor
    session = services.instruments.current_session(instrument.key, by=actor)
    console = services.access.console_state(instrument.key, by=actor)
    if console is None:
        raise Forbidden("You have no access to this instrument any more.", "Start from the home page.")
    return InstrumentSchema.of(
        instrument,
        services.access.level(account.username, instrument.key),
        console,
        None if session is None else services.runs.run_of_session(session.id, by=actor),
    )


def instrument_api(services: Services) -> APIRouter:
    """Return the routes under ``/api/instruments``."""
    router = APIRouter(prefix="/api/instruments", tags=["instruments"])

    @router.get("")
    def list_instruments(request: Request) -> list[InstrumentSchema]:
        """Return the instruments that the person may see."""
        account = services.guard.account(request)
        return [
            instrument_schema(services, account, visible)
            for visible in services.access.visible_instruments(by=account.actor)
        ]

    @router.get("/{key}")
    def show_instrument(request: Request, key: str) -> InstrumentSchema:
        """Return one instrument with who is at its console."""
        account = services.guard.account(request)
        return instrument_schema(services, account, services.access.instrument(key, by=account.actor))

    @router.post("/{key}/ticket")
    def issue_ticket(request: Request, key: str) -> TicketSchema:
        """Return a one-time ticket to the console."""
        account = services.guard.account(request)
        instrument = services.access.instrument(key, by=account.actor)
        now = services.clock()
        ticket = services.access.issue_ticket(services.guard.signed_in(request), instrument.key)
        return TicketSchema(
            url=ticket.url,
            subprotocols=list(ticket.subprotocols),
            level=ticket.level.title,
            may_operate=may_operate(ticket.level),
            issued_at=now,
        )

    return router
