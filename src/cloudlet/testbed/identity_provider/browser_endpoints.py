"""What browsers see: the printed link, the choice, the way back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cloudlet.clock import Clock
from cloudlet.testbed.identity_provider.authorization_requests import (
    ClientUnknown,
    fault_of,
    parse_authorization_request,
    redirect_address,
)
from cloudlet.testbed.identity_provider.entry import Entry
from cloudlet.testbed.identity_provider.faults import ELSEWHERE, Fault, Quirk
from cloudlet.testbed.identity_provider.forms import read_form
from cloudlet.testbed.identity_provider.grants import ExpiringStore, Grant
from cloudlet.testbed.identity_provider.pages import Pages
from cloudlet.testbed.identity_provider.settings import ProviderSettings

__all__ = ["BrowserEndpoints"]


class BrowserEndpoints:
    """The routes for browsers.

    Parameters
    ----------
    settings
        People, portal, secret.
    codes
        Where codes are left for the back channel.
    clock
        Source of the present time.
    oddity
        What is wrong or unusual about this provider, if anything.
    """

    def __init__(
        self, settings: ProviderSettings, codes: ExpiringStore[Grant], clock: Clock, oddity: Fault | Quirk | None
    ) -> None:
        self._settings = settings
        self._codes = codes
        self._clock = clock
        self._issuer = ELSEWHERE if oddity is Fault.WRONG_CALLBACK_ISSUER else settings.issuer
        self._entry = Entry(settings)
        self._pages = Pages(settings)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self._closed),
            Route("/style.css", self._style),
            Route("/enter/{secret}", self._enter),
            Route("/authorize", self._ask),
            Route("/authorize", self._choose, methods=["POST"]),
        ]

    async def _closed(self, _request: Request) -> Response:
        return self._denied_without_link()

    async def _style(self, _request: Request) -> Response:
        return self._pages.style()

    async def _enter(self, request: Request) -> Response:
        return self._entry.enter(request.path_params["secret"]) or self._denied_without_link()

    async def _ask(self, request: Request) -> Response:
        asked = dict(request.query_params)
        return self._refused(request, asked) or self._pages.choose(asked)

    async def _choose(self, request: Request) -> Response:
        if request.headers.get("origin", self._settings.base_url) != self._settings.base_url:
            return self._pages.denied("This choice came from another site's page.", "Begin in the portal.", 403)
        asked = await read_form(request)
        person = self._settings.person(asked.pop("person", ""))
        refused = self._refused(request, asked)
        if refused is not None or person is None:
            return refused or self._pages.denied("There is no such person here.", "Choose again.", 400)
        wanted = parse_authorization_request(asked, self._settings)
        code = self._codes.add(Grant(wanted, person.subject, self._clock()))
        return self._pages.back(person, redirect_address(wanted, self._issuer, code=code))

    def _refused(self, request: Request, asked: dict[str, str]) -> Response | None:
        """Return what to answer instead of asking, None where everything is as it should be."""
        if not self._entry.has_entered(request):
            return self._denied_without_link()
        try:
            wanted = parse_authorization_request(asked, self._settings)
        except ClientUnknown:
            return self._pages.denied(
                "The portal that sent you here is not known to this provider.",
                "Open the link that cloudlet demo printed and sign in from there.",
                400,
            )
        fault = fault_of(asked)
        if fault is None:
            return None
        return RedirectResponse(redirect_address(wanted, self._issuer, error=fault), status_code=303)

    def _denied_without_link(self) -> Response:
        return self._pages.denied(
            "This browser has not opened the link of this demonstration.",
            "Open the link that cloudlet demo printed in the terminal, then sign in again.",
            403,
        )
