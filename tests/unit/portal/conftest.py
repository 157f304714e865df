"""The portal of a small cloudlet, and browsers of its people."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from tests.unit.portal.weather import HandClock, Site

from cloudlet.database import Database
from cloudlet.portal.assets import Assets

ASSETS = ("portal.css", "page.js", "cockpit.js", "icons.svg", "favicon.svg", "licences.txt")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def site(database: Database, tmp_path: Path, clock: HandClock) -> Site:
    """A cloudlet with one instrument, an operator, an observer, and nothing measured yet."""
    return Site(database, tmp_path, clock)


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    """A bundle of empty files, so that unit tests need no Node.js."""
    folder = tmp_path / "static"
    folder.mkdir()
    names = {name: name.replace(".", "-0123456789.") for name in ASSETS}
    for hashed in names.values():
        (folder / hashed).write_text("")
    (folder / "manifest.json").write_text(json.dumps(names))
    return Assets(folder)


Browser = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def browser(site: Site, assets: Assets) -> Browser:
    """Open the portal as a person (None for somebody who has not signed in)."""
    transport = httpx.ASGITransport(site.app(assets), raise_app_exceptions=False)

    def opened(username: str | None, *, is_linked: bool = True) -> httpx.AsyncClient:
        cookies = None if username is None else site.sign_in(username, is_linked=is_linked)
        headers = {"accept": "text/html", "origin": site.web.base_url}
        return httpx.AsyncClient(transport=transport, base_url=site.web.base_url, cookies=cookies, headers=headers)

    return opened
