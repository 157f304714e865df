"""One browser and one demo for the tests that do not disturb each other; others start their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from tests.acceptance.demo import Demo
from tests.browser import launch


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def _closed_contexts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test opened: pages of a demo that has ended would go on reconnecting beside the next."""
    browser: Browser | None = request.getfixturevalue("browser") if "browser" in request.fixturenames else None
    yield
    for context in [] if browser is None else browser.contexts:
        context.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with Demo.started(tmp_path / "demo", "--cadence", "4") as demo:
        yield demo
