"""The provider's three pages: choose who to be, go back, and no."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from cloudlet.testbed.identity_provider.settings import Person, ProviderSettings

__all__ = ["HEADERS", "Pages"]

PACKAGE = "cloudlet.testbed.identity_provider"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    # Not no-referrer: browsers would then send "Origin: null" with our own form.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Pages:
    """Draws the pages.

    Parameters
    ----------
    settings
        The people and the portal.
    """

    def __init__(self, settings: ProviderSettings) -> None:
        loader = PackageLoader(PACKAGE)
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._settings = settings
        self._style = files(PACKAGE).joinpath("static", "style.css").read_text("utf-8")

    def choose(self, asked: Mapping[str, str]) -> Response:
        """Return the page on which somebody chooses who to be; `asked` is sent along with the choice."""
        return self._page("choose.html", people=self._settings.people, asked=asked)

    def back(self, person: Person, address: str) -> Response:
        """Return the page that leads back to the portal.

        A redirect would be refused: a form may not end on another origin (CSP ``form-action``).
        """
        return self._page("back.html", person=person, address=address)

    def denied(self, sentence: str, remedy: str, status: int) -> Response:
        """Return the page that says what is wrong and what to do."""
        return self._page("denied.html", status, sentence=sentence, remedy=remedy)

    def style(self) -> Response:
        """Return the style sheet."""
        return Response(self._style, media_type="text/css")

    def _page(self, name: str, status: int = 200, **values: object) -> Response:
        return HTMLResponse(self._templates.get_template(name).render(values), status)
