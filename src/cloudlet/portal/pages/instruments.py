"""An instrument's page: what it is, who is at it, and what came out of it last."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from cloudlet.portal.api.instruments import instrument_schema
from cloudlet.portal.pages.results import latest_results
from cloudlet.portal.rendering import Pages
from cloudlet.portal.services import Services

__all__ = ["instrument_page"]


def instrument_page(services: Services, pages: Pages) -> APIRouter:
    """Return the route of an instrument's page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/instruments/{key}")
    def show_instrument(request: Request, key: str) -> HTMLResponse:
        account = services.guard.account(request)
        instrument = services.access.instrument(key, by=account.actor)
        return pages.render(
            request,
            "instrument.html",
            services.guard.session(request),
            instrument=instrument_schema(services, account, instrument),
            reason=services.access.may_see(key, by=account.actor).reason,
            results=latest_results(services, account, key),
        )

    return router
