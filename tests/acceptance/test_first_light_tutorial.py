"""The tutorial, carried out to the letter: each numbered step is read, understood and done in a browser."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page
from tests.acceptance.demo import Cockpit, Demo
from tests.patience import eventually

from cloudlet.testbed.microscope.knobs import KNOBS

TUTORIAL = Path(__file__).parents[2] / "docs/tutorials/first-light.md"

TITLES = {"Start": "start", "Stop": "stop", **{knob.title: knob.key for knob in KNOBS.values()}}
"""What is written on the operator's screen, and the name of that part."""

pytestmark = [pytest.mark.acceptance, pytest.mark.needs("chromium"), pytest.mark.timeout(700)]


class Reader:
    """Somebody who does what the tutorial says, and nothing else."""

    def __init__(self, demo: Demo, browser: Browser) -> None:
        self._demo = demo
        self._browser = browser
        self._windows: list[Page] = []
        """In the order in which they were opened; the reader looks at the last."""
        self._measured = 0
        self._phrases: dict[str, Callable[..., None]] = {
            r"Open the link that was printed(?: in a private window)?\.": self._open,
            r"Click \*\*(.+)\*\*\.": self._click,
            r"Click on the first picture under \*Newest\*\.": self._click_newest,
            r"On the microscope's screen, click \*\*(.+)\*\*\.": self._click_on_screen,
            r"On the microscope's screen, type \*\*(.+)\*\* into \*\*(.+)\*\* and press Enter\.": self._type_on_screen,
            r"Wait until (\d+) (?:more )?movies are measured\.": self._wait_for_movies,
            r"Wait until the defocus is \*\*(.+)\*\* µm\.": self._wait_for_defocus,
            r"Close Ada's window\.": self._close_first,
            r"Press Ctrl-C where you started it\.": self._press_ctrl_c,
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

    def reads(self, text: str) -> None:
        """Find `text` where the demo was started."""
        eventually(lambda: text in self._demo.output.read_text(), 20, text)

    @property
    def _page(self) -> Page:
        return self._windows[-1]

    @property
    def _cockpit(self) -> Cockpit:
        return Cockpit(self._page)

    def _open(self) -> None:
        self._windows.append(self._browser.new_context(viewport={"width": 1440, "height": 900}).new_page())
        self._page.goto(self._demo.link)

    def _click(self, name: str) -> None:
        target = self._page.get_by_role("link", name=name).or_(self._page.get_by_role("button", name=name))
        target.first.click()
        if "cockpit" in name:
            self._cockpit.canvas.wait_for(state="visible", timeout=30_000)

    def _click_newest(self) -> None:
        self._page.locator(".tile").first.click()

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

    def _close_first(self) -> None:
        self._windows.pop(0).context.close()

    def _press_ctrl_c(self) -> None:
        self._demo.process.send_signal(signal.SIGINT)
        assert self._demo.process.wait(20) == 0


STEP = re.compile(
    r"^\d+\. (?P<step>.+)$|[Yy]ou see\s\*\*(?P<seen>[^*]+)\*\*|you read\s\*\*(?P<read>[^*]+)\*\*", flags=re.MULTILINE
)


def test_the_tutorial_can_be_carried_out_to_the_letter(demo: Demo, browser: Browser) -> None:
    reader = Reader(demo, browser)
    family = psutil.Process(demo.process.pid).children(recursive=True)
    text = TUTORIAL.read_text("utf-8")
    for found in STEP.finditer(text):
        if found["step"]:
            reader.do(found["step"])
        elif found["seen"]:
            reader.sees(found["seen"])
        else:
            reader.reads(found["read"])
    assert [int(number) for number in re.findall(r"^(\d+)\. ", text, flags=re.MULTILINE)] == list(range(1, 21))
    eventually(lambda: not any(process.is_running() for process in family), 10, "every process ended")
    for product in ("*.mrc", "*.star"):
        assert len(list((demo.project / "micrographs").glob(product))) >= 7
