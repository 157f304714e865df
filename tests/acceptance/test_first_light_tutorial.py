"""The tutorial, carried out to the letter: each numbered step is read, understood and done in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.acceptance.demo import Cockpit, Demo, eventually

from cloudlet.testbed.microscope.knobs import KNOBS

TUTORIAL = Path(__file__).parents[2] / "docs/tutorials/first-light.md"

TITLES = {"Start": "start", "Stop": "stop", **{knob.title: knob.key for knob in KNOBS.values()}}
"""What is written on the operator's screen, and the name of that part."""

pytestmark = [pytest.mark.acceptance, pytest.mark.needs("chromium"), pytest.mark.timeout(400)]


class Reader:
    """Somebody who does what the tutorial says, and nothing else."""

    def __init__(self, demo: Demo, page: Page) -> None:
        self._demo = demo
        self._page = page
        self._cockpit = Cockpit(page)
        self._measured = 0
        self._phrases: dict[str, Callable[..., None]] = {
            r"Open the link that was printed\.": lambda: page.goto(demo.link) and None,
            r"Click \*\*(.+)\*\*\.": self._click,
            r"On the microscope's screen, click \*\*(.+)\*\*\.": self._click_on_screen,
            r"On the microscope's screen, type \*\*(.+)\*\* into \*\*(.+)\*\*\.": self._type_on_screen,
            r"Wait until (\d+) (?:more )?movies are measured\.": self._wait_for_movies,
            r"Wait until the defocus is \*\*(.+)\*\* µm\.": self._wait_for_defocus,
        }

    def do(self, step: str) -> None:
        """Carry out one step; one that nobody could understand is a fault of the tutorial."""
        for phrase, act in self._phrases.items():
            found = re.fullmatch(phrase, step)
            if found:
                act(*found.groups())
                return
        pytest.fail(f"nobody knows how to: {step}")

    def sees(self, text: str) -> None:
        """Find `text` on the page."""
        eventually(lambda: text in self._page.locator("body").inner_text(), 20, text)

    def _click(self, name: str) -> None:
        target = self._page.get_by_role("link", name=name).or_(self._page.get_by_role("button", name=name))
        target.first.click()
        if "cockpit" in name:
            self._cockpit.canvas.wait_for(state="visible", timeout=30_000)

    def _click_on_screen(self, title: str) -> None:
        self._cockpit.click(TITLES[title])

    def _type_on_screen(self, value: str, title: str) -> None:
        self._cockpit.dial(TITLES[title], value)

    def _wait_for_movies(self, count: str) -> None:
        wanted = self._measured + int(count)
        eventually(lambda: len(self._cockpit.done()) >= wanted, 120, f"{wanted} movies measured")
        self._measured = len(self._cockpit.done())

    def _wait_for_defocus(self, value: str) -> None:
        def is_there() -> bool:
            movies = self._cockpit.done()
            self._measured = len(movies)
            return abs(movies[-1]["values"]["defocus"] - float(value)) < 0.15

        eventually(is_there, 120, f"a defocus of {value} µm")


def test_the_tutorial_can_be_carried_out_to_the_letter(demo: Demo, browser: Browser) -> None:
    reader = Reader(demo, browser.new_context(viewport={"width": 1440, "height": 900}).new_page())
    text = TUTORIAL.read_text("utf-8")
    steps = 0
    for found in re.finditer(r"^\d+\. (?P<step>.+)$|[Yy]ou see \*\*(?P<seen>[^*]+)\*\*", text, flags=re.MULTILINE):
        if found["step"]:
            reader.do(found["step"])
            steps += 1
        else:
            reader.sees(found["seen"])
    assert steps == 11
