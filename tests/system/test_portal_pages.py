"""The pages in a real browser: nothing blocked, nothing too wide, nothing unreadable, nothing stale taken for live."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from tests.unit.portal.weather import Site

from cloudlet.clock import utc_now
from cloudlet.database import Database, Table
from cloudlet.portal.assets import STATIC, Assets
from cloudlet.web import WebSettings

pytestmark = [pytest.mark.system, pytest.mark.needs("chromium")]

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
VIOLATIONS = """axe.run().then(found => found.violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `${each.id}: ${each.nodes.map(node => node.target).join(", ")}`))"""
PAGES = [
    (None, "/"),
    ("eve", "/"),
    ("ada", "/"),
    ("ada", "/instruments/mast"),
    ("ada", "/instruments/mast/cockpit"),
    ("ada", "/exposures/1"),
    ("ada", "/exposures/3"),
    ("eve", "/instruments/mast"),
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A cloudlet whose portal will be served on a port of its own, with three plates, one of them cracked."""
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    Table.metadata.create_all(database.engine)
    site = Site(database, tmp_path, utc_now, WebSettings(base_url=address))
    run = site.begin_run("ada")
    site.measure(run, "one.plate", {"haze": 3.44, "wind": 1.2, "drift": 0.5}, utc_now())
    site.measure(run, "two.plate", {"haze": 5.66, "wind": 1.3, "drift": 0.7}, utc_now())
    site.fail(run, "three.plate", utc_now())
    yield site
    database.close()


@contextmanager
def served(site: Site) -> Iterator[None]:
    """Serve the real portal with the real bundle from a thread."""
    port = int(site.web.base_url.rpartition(":")[2])
    config = uvicorn.Config(
        site.app(Assets()), host="127.0.0.1", port=port, ws="none", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _bundle() -> None:
    if not (STATIC / "manifest.json").exists():
        pytest.skip("needs the bundle; `npm run build` in frontend/ makes it")


Opener = Callable[..., Page]


@pytest.fixture
def opened(site: Site, chromium: Browser) -> Opener:
    def open_page(person: str | None, path: str, width: int = 1440, scheme: str = "light") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        if person is not None:
            cookies = site.sign_in(person)
            context.add_cookies(
                [{"name": name, "value": value, "url": site.web.base_url} for name, value in cookies.items()]
            )
        page = context.new_page()
        page.goto(site.web.base_url + path)
        return page

    return open_page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_and_used_by_everybody(site, opened, scheme) -> None:
    with served(site):
        for person, path in PAGES:
            page = opened(person, path, scheme=scheme)
            if path.endswith("cockpit"):
                expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
            page.evaluate(AXE.read_text())
            assert page.evaluate(VIOLATIONS) == [], path
            page.context.close()


def test_no_page_is_wider_than_a_phone(site, opened) -> None:
    with served(site):
        for person, path in PAGES:
            page = opened(person, path, width=320)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            page.context.close()


def test_the_policy_blocks_nothing_that_the_pages_need(site, opened) -> None:
    blocked: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            blocked.append(message.text)

    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        page.on("console", note)
        page.reload()
        expect(page.locator(".tile")).to_have_count(3)
        page.keyboard.press("n")
        expect(page.locator("#exposure-dialog img, #exposure-dialog .note").first).to_be_visible()
    assert not blocked


def test_a_new_result_appears_by_itself_and_opens_large(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
        run = site.runs.latest_run("mast")
        site.measure(run, "four.plate", {"haze": 2.22}, utc_now())
        expect(page.locator(".vital-value").first).to_have_text("2.2 Å")
        page.locator(".u-over").first.click()
        expect(page.locator("#exposure-dialog")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        expect(page.locator("#exposure-title")).to_have_text("four.plate")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#exposure-title")).to_have_text("three.plate")
        page.get_by_role("button", name="Retry").click()
        expect(page.locator("#exposure-dialog")).to_contain_text("There are no results yet.")
        page.keyboard.press("Escape")
        expect(page.locator("#exposure-dialog")).not_to_be_visible()


def test_numbers_turn_grey_at_once_when_the_stream_breaks_and_come_back_by_themselves(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
        expect(page.locator("#results")).not_to_have_class("results-pane is-stale")
    expect(page.locator("#results")).to_have_class("results-pane is-stale")
    expect(page.locator(".notes")).to_contain_text("the last number is from")
    site.measure(site.runs.latest_run("mast"), "four.plate", {"haze": 2.22}, utc_now())
    with served(site):
        expect(page.locator(".vital-value").first).to_have_text("2.2 Å", timeout=20_000)
        expect(page.locator("#results")).not_to_have_class("results-pane is-stale")


def test_a_theme_is_chosen_by_a_form_and_kept(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast")
        page.locator("details.menu summary").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert page.url.endswith("/instruments/mast")
