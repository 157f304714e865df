"""The cockpit: console and live results side by side; its scripts fetch everything that moves."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from cloudlet.portal.api.instruments import instrument_schema
from cloudlet.portal.rendering import Pages
from cloudlet.portal.services import Services

__all__ = ["cockpit_page"]


def cockpit_page(services: Services, pages: Pages) -> APIRouter:
    """Return the route of an instrument's cockpit."""
    router = APIRouter(include_in_schema=False)

    @router.get("/instruments/{key}/cockpit")
    def show_cockpit(request: Request, key: str) -> HTMLResponse:
        account = services.guard.account(request)
        schema = instrument_schema(services, account, services.access.instrument(key, by=account.actor))
        run = None if schema.run is None else services.runs.run(schema.run, by=account.actor)
        facts = {"instrument": schema.model_dump(mode="json"), "username": account.username}
        return pages.render(
            request,
            "cockpit.html",
            services.guard.session(request),
            instrument=schema,
            declaration=None if run is None else run.declaration,
            facts=facts,
        )

    return router
