"""One exposure with its pictures and all of its numbers; works without scripts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from cloudlet.portal.authorization import may_retry_in, retriable_exposure, visible_exposure
from cloudlet.portal.parameters import Number
from cloudlet.portal.rendering import Pages
from cloudlet.portal.schemas import ExposureSchema
from cloudlet.portal.services import Services

__all__ = ["exposure_pages"]


def exposure_pages(services: Services, pages: Pages) -> APIRouter:
    """Return the routes of an exposure's page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/exposures/{exposure_id}")
    def show_exposure(request: Request, exposure_id: Number) -> HTMLResponse:
        account = services.guard.account(request)
        run, exposure = visible_exposure(services, account, exposure_id)
        older, newer = services.runs.neighbours(exposure_id)
        return pages.render(
            request,
            "exposure.html",
            services.guard.session(request),
            run=run,
            instrument=services.instruments.get(run.instrument),
            exposure=exposure,
            addresses=ExposureSchema.of(exposure).images,
            older=older,
            newer=newer,
            may_retry=bool(may_retry_in(services, account, run)),
        )

    @router.post("/exposures/{exposure_id}/retry")
    def retry_exposure(request: Request, exposure_id: Number) -> RedirectResponse:
        account = services.guard.account(request)
        services.runs.retry(retriable_exposure(services, account, exposure_id).id, by=account.username)
        return RedirectResponse(f"/exposures/{exposure_id}", 303)

    return router
