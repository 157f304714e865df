"""Exposures: another try, and their pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from cloudlet.portal.images import PictureResponse, open_picture
from cloudlet.portal.parameters import Number
from cloudlet.portal.schemas import ExposureSchema
from cloudlet.portal.services import Services

__all__ = ["exposure_api"]

KEPT = "private, max-age=31536000, immutable"
ASKED_AGAIN = "private, no-cache"


def exposure_api(services: Services) -> APIRouter:
    """Return the routes under ``/api/exposures`` and the pictures beside the exposures' pages."""
    router = APIRouter(tags=["exposures"])

    @router.get("/api/exposures/{exposure_id}")
    def show_exposure(request: Request, exposure_id: Number) -> ExposureSchema:
        """Return one exposure with its numbers."""
        return ExposureSchema.of(services.runs.exposure(exposure_id, by=services.guard.actor(request)))

    @router.post("/api/exposures/{exposure_id}/retry")
    def retry_exposure(request: Request, exposure_id: Number) -> ExposureSchema:
        """Queue a failed exposure again."""
        actor = services.guard.actor(request)
        services.runs.retry(exposure_id, by=actor)
        return ExposureSchema.of(services.runs.exposure(exposure_id, by=actor))

    @router.get("/exposures/{exposure_id}/images/{key}", response_class=Response)
    def show_image(
        request: Request,
        exposure_id: Number,
        key: str,
        v: int | None = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Return a picture; an address that names the present change may be kept for ever."""
        actor = services.guard.actor(request)
        exposure = services.runs.exposure(exposure_id, by=actor)
        tag = f'"{exposure.id}-{exposure.change}"'
        headers = {"etag": tag, "cache-control": KEPT if v == exposure.change else ASKED_AGAIN}
        if if_none_match == tag:
            return Response(status_code=304, headers=headers)
        picture = open_picture(services.runs.run(exposure.run_id, by=actor), exposure, key)
        return PictureResponse(picture, headers)

    return router
