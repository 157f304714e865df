"""The demo as its users have it: a process, a link, and browsers in front of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page
from tests.patience import eventually

from cloudlet.database import Database
from cloudlet.testbed.console.layout import LAYOUT, WIDTH
from cloudlet.testbed.models import Truth

__all__ = ["Cockpit", "Demo"]


@dataclass
class Demo:
    """A running demo."""

    process: subprocess.Popen[str]
    link: str
    folder: Path
    output: Path
    ready_seconds: float

    @classmethod
    @contextmanager
    def started(cls, folder: Path, *arguments: str) -> Iterator[Demo]:
        """Run ``cloudlet demo --data FOLDER`` for as long as the block lasts."""
        output = folder.with_suffix(".out")
        command = [sys.executable, "-m", "cloudlet", "demo", "--data", str(folder), *arguments]
        began = time.monotonic()
        with output.open("w") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, text=True)
        try:
            link = eventually(lambda: cls._link(process, output), 60, "a link")
            yield cls(process, link, folder, output, time.monotonic() - began)
        finally:
            process.terminate()
            try:
                process.wait(30)
            finally:
                process.kill()  # nothing where it has ended; its children end with it

    @staticmethod
    def _link(process: subprocess.Popen[str], output: Path) -> str | None:
        text = output.read_text()
        assert process.poll() is None, f"the demo ended: {text}"
        found = re.search(r"http://127\.0\.0\.1:\d+/enter/\S+", text)
        return found.group() if found and "Ctrl-C" in text else None

    @property
    def ports(self) -> dict[str, int]:
        """Return the port of portal, gateway, provider and console."""
        ports: dict[str, int] = json.loads((self.folder / "demo.json").read_text())["ports"]
        return ports

    def open_database(self) -> Database:
        """Open its database beside it; the caller closes it."""
        return Database(f"sqlite:///{self.folder / 'cloudlet.db'}")

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def truth(self) -> Path:
        return self.folder / "truth"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def newest_truths(self, count: int, after: int = 0) -> list[Truth]:
        """Return the truth of the newest `count` movies, once there are so many with numbers above `after`."""

        def found() -> list[Truth]:
            stems = [path.stem for path in self.raw.glob("GRID1_*.tif")]  # whose truth is complete
            truths = [Truth.from_json((self.truth / f"{stem}.json").read_text()) for stem in stems]
            later = sorted((truth for truth in truths if truth.number > after), key=lambda truth: truth.number)
            return later[-count:] if len(later) >= count else []

        return eventually(found, 60, f"{count} movies after number {after}")

    def program(self, name: str) -> psutil.Process:
        """Return the process of the portal, gateway, edge or testbed."""

        def find() -> psutil.Process | None:
            for child in psutil.Process(self.process.pid).children():
                line = " ".join(child.cmdline())
                if f"cloudlet {name} " in line or f"cloudlet.{name}.process" in line:
                    return child
            return None

        return eventually(find, 20, name)

    def sign_in(self, browser: Browser, person: str, **options: Any) -> Page:
        """Open the link in a fresh profile, choose `person`, and return the home page."""
        context: BrowserContext = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        page = context.new_page()
        page.goto(self.link)
        page.get_by_role("link", name="Demo people").click()
        page.get_by_role("button", name=person).click()
        page.get_by_role("heading", level=1).wait_for()
        eventually(lambda: page.locator("form[action='/sign-out']").count() > 0, 20, "a signed-in page")
        return page


class Cockpit:
    """The cockpit of the simulated microscope in one browser."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self) -> Cockpit:
        """Go there from the home page as a person would, and wait for the screen."""
        self.page.get_by_role("link", name="Talos Arctica").first.click()
        self.page.get_by_role("link", name="cockpit").first.click()
        self.canvas.wait_for(state="visible", timeout=30_000)
        return self

    @property
    def canvas(self) -> Any:
        return self.page.locator("#screen canvas")

    def point(self, name: str) -> tuple[float, float]:
        """Return where the middle of the part `name` of the operator's screen is on the page."""
        box = self.canvas.bounding_box()
        assert box is not None
        part, scale = LAYOUT[name], box["width"] / WIDTH
        return box["x"] + (part.x + part.width / 2) * scale, box["y"] + (part.y + part.height / 2) * scale

    def click(self, name: str) -> None:
        """Click the part `name` of the operator's screen."""
        x, y = self.point(name)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.wait_for_timeout(120)
        self.page.mouse.up()
        self.page.wait_for_timeout(250)

    def dial(self, name: str, value: str) -> None:
        """Type `value` into the field `name` of the operator's screen."""
        self.click(name)
        self.page.keyboard.press("Control+a")
        for key in value:
            self.page.keyboard.press(key, delay=30)
        self.page.keyboard.press("Enter", delay=30)
        self.page.wait_for_timeout(250)

    def get(self, path: str) -> APIResponse:
        """Ask the portal as this browser would."""
        parts = urlsplit(self.page.url)
        return self.page.request.get(f"{parts.scheme}://{parts.netloc}{path}")

    def run(self) -> dict[str, Any]:
        """Return the run as its page follows it."""
        number = self.facts()["run"]
        answer = self.get(f"/api/runs/{number}/snapshot")
        assert answer.ok, answer.text()
        snapshot: dict[str, Any] = answer.json()
        return snapshot

    def facts(self) -> dict[str, Any]:
        """Return what the instrument's document says."""
        answer = self.get("/api/instruments/arctica")
        assert answer.ok, answer.text()
        document: dict[str, Any] = answer.json()
        return document

    def done(self) -> list[dict[str, Any]]:
        """Return the measured exposures, by name."""
        exposures = [each for each in self.run()["exposures"] if each["state"] == "done"]
        return sorted(exposures, key=lambda each: each["name"])
