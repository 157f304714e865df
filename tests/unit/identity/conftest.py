"""A portal and a provider in this process, and browsers that talk to both."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from fastapi import FastAPI, Request
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from cloudlet.database import Database
from cloudlet.identity import Guard, Identities, IdentityProviderSettings, IdentitySettings
from cloudlet.identity.routes import router
from cloudlet.identity.sign_in import SignIn
from cloudlet.testbed.identity_provider import (
    Fault,
    Person,
    ProviderClient,
    ProviderSettings,
    Quirk,
    create_provider,
)
from cloudlet.web import WebSettings, create_app

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PORTAL = "http://127.0.0.1:8440"
PROVIDER = "http://127.0.0.1:8442"
ISSUER = "http://127.0.0.1:9999/first-start"
CLIENT_ID = "cloudlet:/client_id/7f+3"
CLIENT_SECRET = "s3cret/with+signs%and:colons"
LINK_SECRET = "the-secret-in-the-printed-link"


class FixedClock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **step: float) -> None:
        self.now += timedelta(**step)


class AppTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers requests by ASGI applications, found by origin."""

    def __init__(self, apps: dict[str, Any]) -> None:
        self.apps = apps
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self.handle_async_request(request))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        parts = urlsplit(str(request.url))
        app = self.apps.get(f"{parts.scheme}://{parts.netloc}")
        if app is None:
            raise httpx.ConnectError("nobody listens there", request=request)
        if isinstance(app, Exception):
            raise app
        return await self._answer(app, request)

    async def _answer(self, app: Any, request: httpx.Request) -> httpx.Response:
        answer = await httpx.ASGITransport(app).handle_async_request(request)
        content = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)


@dataclass
class World:
    """One portal, its provider, and what stands between them."""

    database: Database
    clock: FixedClock
    identities: Identities
    provider_settings: ProviderSettings
    network: AppTransport
    back_channel: AppTransport
    portal_url: str
    open_clients: ExitStack = field(repr=False)

    def browser(self, *, with_link: bool = True) -> httpx.Client:
        """Return a browser with an empty cookie jar; it follows no redirect by itself."""
        browser = self.open_clients.enter_context(httpx.Client(transport=self.network))
        if with_link:
            answer = browser.get(f"{PROVIDER}/enter/{LINK_SECRET}")
            assert answer.status_code == 303
        return browser

    def begin(self, browser: httpx.Client, next_path: str = "/instruments/arctica") -> str:
        """Click "sign in" and return where the browser is sent."""
        answer = browser.get(f"{self.portal_url}/sign-in", params={"provider": "demo", "next": next_path})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def choose(self, browser: httpx.Client, address: str, subject: str = "subject-ada") -> str:
        """Choose a person on the provider's page and return the way back to the portal."""
        asked = dict(parse_qsl(urlsplit(address).query))
        page = browser.get(address)
        assert page.status_code == 200, page.text
        answer = browser.post(f"{PROVIDER}/authorize", data={**asked, "person": subject}, headers={"origin": PROVIDER})
        assert answer.status_code == 200, answer.text
        link = re.search(r'<a href="([^"]+)">', answer.text)
        assert link is not None
        return unescape(link.group(1))

    def sign_in(self, browser: httpx.Client, subject: str = "subject-ada") -> httpx.Response:
        """Go the whole way and return the portal's answer to the callback."""
        return browser.get(self.choose(browser, self.begin(browser), subject))

    def who(self, browser: httpx.Client) -> Any:
        """Ask the portal who this browser is."""
        return browser.get(f"{self.portal_url}/who").json()


WorldMaker = Callable[..., World]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture(scope="session")
def signing_key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


@pytest.fixture
def make_world(database: Database, clock: FixedClock, signing_key: RSAKey, tmp_path: Path) -> Iterator[WorldMaker]:
    with ExitStack() as stack:

        def make(
            oddity: Fault | Quirk | None = None,
            portal_url: str = PORTAL,
            keys: tuple[str, ...] = ("demo",),
            **changes: Any,
        ) -> World:
            secret_file = tmp_path / "client-secret"
            secret_file.touch(mode=0o600)
            secret_file.write_text(CLIENT_SECRET + "\n")
            provider_settings = ProviderSettings(
                instance="one",
                issuer=ISSUER,
                base_url=PROVIDER,
                portal_url=f"{portal_url}/",
                secret=SecretStr(LINK_SECRET),
                clients=(
                    ProviderClient(CLIENT_ID, SecretStr(CLIENT_SECRET), (f"{portal_url}/sign-in/callback/demo",)),
                ),
                people=(
                    Person("subject-ada", "Ada Park", "May operate"),
                    Person("subject-ben", "Ben Osei", "May observe"),
                ),
            )
            provider = create_provider(provider_settings, oddity=oddity, key=signing_key, clock=clock)
            trusted = {
                "title": "Demo",
                "issuer": ISSUER,
                "discovery_url": f"{PROVIDER}/.well-known/openid-configuration",
                "client_id": CLIENT_ID,
                "client_secret_file": secret_file,
                "algorithm": "RS512" if oddity is Quirk.RS512_NO_KEY_ID else "RS256",
            }
            settings = IdentitySettings(
                providers={key: IdentityProviderSettings(**{**trusted, **changes}) for key in keys}
            )
            web = WebSettings(base_url=portal_url)
            identities = Identities(database, settings, clock)
            back_channel = AppTransport({PROVIDER: provider})
            client = httpx.AsyncClient(transport=back_channel)
            stack.callback(asyncio.run, client.aclose())
            guard = Guard(identities, web)
            app = create_app("Portal under test", web)
            app.include_router(
                router(SignIn(database, identities, settings, web, client, clock), identities, guard, web)
            )
            _add_who(app, guard)
            network = AppTransport({portal_url: app, PROVIDER: provider})
            return World(database, clock, identities, provider_settings, network, back_channel, portal_url, stack)

        yield make


@pytest.fixture
def world(make_world: WorldMaker) -> World:
    return make_world()


def _add_who(app: FastAPI, guard: Guard) -> None:
    @app.get("/who")
    def who(request: Request) -> dict[str, Any]:
        session = guard.session(request)
        if session is None:
            return {"signed_in": False}
        return {"signed_in": True, "name": session.name, "id": session.id, "subject": session.identity.subject}

    @app.get("/mine")
    def mine(request: Request) -> str:
        return guard.account(request).username
