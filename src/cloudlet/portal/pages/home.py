"""The home page: what this is, the way in, and the instruments that one may use."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from cloudlet.identity import WebSession
from cloudlet.portal.api.instruments import instrument_schema
from cloudlet.portal.pages.results import latest_results
from cloudlet.portal.rendering import Pages
from cloudlet.portal.services import Services
from cloudlet.web import local_path

__all__ = ["home_page"]


def home_page(services: Services, pages: Pages) -> APIRouter:
    """Return the route of the home page; the only one that answers without a sign-in."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def home(request: Request) -> HTMLResponse:
        session = services.guard.session(request)
        if session is None:
            wanted = local_path(request.query_params.get("next", "/"))
            return pages.render(request, "welcome.html", None, providers=services.providers, wanted=wanted)
        if session.account is None:
            return pages.render(request, "unlinked.html", session)
        return _instruments(request, session)

    def _instruments(request: Request, session: WebSession) -> HTMLResponse:
        account = services.guard.account(request)
        visible = [
            (instrument_schema(services, account, instrument), latest_results(services, account, instrument.key))
            for instrument in services.access.visible_instruments(by=account.actor)
        ]
        return pages.render(request, "home.html", session, visible=visible)

    return router
