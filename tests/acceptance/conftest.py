"""One browser and one demo for the tests that do not disturb each other; others start their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from tests.acceptance.demo import Demo, launch


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with Demo.started(tmp_path / "demo", "--cadence", "4") as demo:
        yield demo
