"""Light, dark, or as the system says: remembered in a cookie, put into the page by the server."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse

from cloudlet.web import WebSettings, cookie_name, is_secure, local_path

__all__ = ["Theme", "theme_of", "theme_router"]

Theme = Literal["system", "light", "dark"]
THEMES: tuple[Theme, ...] = ("system", "light", "dark")
ONE_YEAR_SECONDS = 31_536_000


def theme_of(request: Request, web: WebSettings) -> Theme:
    """Return the theme that was chosen in this browser."""
    remembered = request.cookies.get(cookie_name(web, "theme"))
    return next((theme for theme in THEMES if theme == remembered), "system")


def theme_router(web: WebSettings) -> APIRouter:
    """Return the route that remembers a theme; it changes nothing but the cookie."""
    router = APIRouter(include_in_schema=False)

    @router.post("/theme")
    def remember_theme(
        theme: Annotated[Theme, Form()], next_path: Annotated[str, Form(alias="next")] = "/"
    ) -> RedirectResponse:
        answer = RedirectResponse(local_path(next_path), 303)
        answer.set_cookie(
            cookie_name(web, "theme"),
            theme,
            max_age=ONE_YEAR_SECONDS,
            secure=is_secure(web),
            httponly=True,
            samesite="lax",
        )
        return answer

    return router
