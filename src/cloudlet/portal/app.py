"""The portal as one application."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from cloudlet.portal.api.exposures import exposure_api
from cloudlet.portal.api.instruments import instrument_api
from cloudlet.portal.api.runs import run_api
from cloudlet.portal.assets import ADDRESS, Assets, HashedFiles
from cloudlet.portal.error_handlers import install_error_handlers
from cloudlet.portal.pages.cockpit import cockpit_page
from cloudlet.portal.pages.exposures import exposure_pages
from cloudlet.portal.pages.home import home_page
from cloudlet.portal.pages.instruments import instrument_page
from cloudlet.portal.rendering import Pages
from cloudlet.portal.services import Services
from cloudlet.portal.settings import PortalSettings
from cloudlet.portal.theme import theme_router
from cloudlet.web import WebSettings, create_app

__all__ = ["create_portal"]


def create_portal(
    services: Services,
    settings: PortalSettings,
    web: WebSettings,
    *,
    routers: Sequence[APIRouter] = (),
    connect_sources: Sequence[str] = (),
    assets: Assets | None = None,
) -> FastAPI:
    """Return the application that serves all pages.

    Parameters
    ----------
    services
        What the pages ask.
    settings
        The portal's own.
    web
        Where the pages are served.
    routers
        Routes of other components, such as the sign-in.
    connect_sources
        Origins that the console's socket may go to, beside our own.
    assets
        The browser's bundle; the installed one by default.

    Raises
    ------
    cloudlet.portal.errors.BundleMissing
        The browser's bundle was not built.
    """
    pages = Pages(settings, web, assets or Assets(), services.clock)
    app = create_app(settings.title, web, connect_sources=connect_sources)
    for router in (
        *routers,
        theme_router(web),
        home_page(services, pages),
        instrument_page(services, pages),
        cockpit_page(services, pages),
        exposure_pages(services, pages),
        instrument_api(services),
        run_api(services, settings),
        exposure_api(services),
    ):
        app.include_router(router)
    _describe_to_who_is_signed_in(app, services)
    app.mount(ADDRESS, HashedFiles(directory=pages.assets.folder))
    install_error_handlers(app, pages, services.guard)
    return app


def _describe_to_who_is_signed_in(app: FastAPI, services: Services) -> None:
    @app.get("/openapi.json", include_in_schema=False)
    def describe(request: Request) -> JSONResponse:
        services.guard.signed_in(request)
        return JSONResponse(app.openapi())
