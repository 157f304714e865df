"""One exposure with its pictures and all of its numbers; works without scripts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

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
        actor = services.guard.actor(request)
        exposure = services.runs.exposure(exposure_id, by=actor)
        run = services.runs.run(exposure.run_id, by=actor)
        older, newer = services.runs.neighbours(exposure_id, by=actor)
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
            may_retry=bool(services.runs.may_retry(run.id, by=actor)),
        )

    @router.post("/exposures/{exposure_id}/retry")
    def retry_exposure(request: Request, exposure_id: Number) -> RedirectResponse:
        services.runs.retry(exposure_id, by=services.guard.actor(request))
        return RedirectResponse(f"/exposures/{exposure_id}", 303)

    return router
