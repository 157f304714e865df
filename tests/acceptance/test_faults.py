"""Processes are killed, the demo is started again, two run side by side: nothing is lost and nothing is left."""

from __future__ import annotations

import hashlib
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser
from tests.acceptance.demo import Cockpit, Demo, eventually

pytestmark = [pytest.mark.acceptance, pytest.mark.needs("chromium"), pytest.mark.timeout(400)]


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in `folder`."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def family(demo: Demo) -> Iterator[psutil.Process]:
    """Yield the demo's process and everything below it."""
    process = psutil.Process(demo.process.pid)
    yield process
    yield from process.children(recursive=True)


def test_killing_the_edge_loses_nothing_and_counts_nothing_twice(tmp_path: Path, browser: Browser) -> None:
    with Demo.started(tmp_path / "demo", "--cadence", "3", "--planned", "10") as demo:
        cockpit = Cockpit(demo.sign_in(browser, "Ada Park")).open()
        eventually(lambda: cockpit.facts()["console"]["operator"], 20, "Ada in control")
        cockpit.click("start")
        for _ in range(3):
            time.sleep(random.uniform(3, 8))
            edge = demo.program("edge")
            below = edge.children(recursive=True)
            edge.kill()
            eventually(lambda below=below: not any(each.is_running() for each in below), 10, "the edge's children gone")
        eventually(lambda: len(list(demo.raw.glob("*.tif"))) == 10, 120, "ten movies")
        eventually(lambda: len(cockpit.done()) == 10, 120, "ten results")
        written = digests(demo.raw)
        time.sleep(3)
        assert digests(demo.raw) == written
        with closing(sqlite3.connect(demo.folder / "cloudlet.db")) as database:
            (names,) = zip(
                *database.execute("SELECT name FROM exposure WHERE state = 'done' AND results IS NOT NULL"), strict=True
            )
        assert sorted(names) == sorted(path.name for path in demo.raw.glob("*.tif"))


def test_ctrl_c_ends_everything(demo: Demo) -> None:
    everything = list(family(demo))
    assert len(everything) >= 5
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(20) == 0
    eventually(lambda: not any(process.is_running() for process in everything), 10, "all processes gone")


def test_a_killed_demo_leaves_no_process_behind(demo: Demo) -> None:
    everything = list(family(demo))
    demo.process.kill()
    eventually(lambda: not any(process.is_running() for process in everything[1:]), 15, "all processes gone")


@pytest.mark.parametrize("name", ["portal", "gateway", "edge", "testbed"])
def test_a_killed_process_comes_back(demo: Demo, browser: Browser, name: str) -> None:
    page = demo.sign_in(browser, "Ada Park")
    Cockpit(page).open()
    demo.program(name).kill()
    eventually(lambda: "is started again" in demo.output.read_text(), 20, "the supervisor's word")
    page.goto("about:blank")

    def comes_back() -> bool:
        page.goto(demo.link)
        return page.get_by_role("link", name="Talos Arctica").count() > 0

    eventually(comes_back, 30, "the home page")
    Cockpit(page).open()


def test_a_second_start_carries_on(tmp_path: Path, browser: Browser) -> None:
    folder = tmp_path / "demo"
    with Demo.started(folder, "--cadence", "3", "--planned", "2") as demo:
        cockpit = Cockpit(demo.sign_in(browser, "Ada Park")).open()
        eventually(lambda: cockpit.facts()["console"]["operator"], 20, "Ada in control")
        cockpit.click("start")
        eventually(lambda: len(cockpit.done()) == 2, 90, "two results")
        first = cockpit.done()
    with Demo.started(folder) as demo:
        cockpit = Cockpit(demo.sign_in(browser, "Ada Park")).open()
        assert cockpit.done() == first


def test_two_demos_side_by_side_do_not_disturb_each_other(demo: Demo, tmp_path: Path, browser: Browser) -> None:
    with Demo.started(tmp_path / "other") as other:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        pages = []
        for each, person in ((demo, "Ada Park"), (other, "Ben Osei")):
            page = context.new_page()
            page.goto(each.link)
            page.get_by_role("link", name="Demo people").click()
            page.get_by_role("button", name=person).click()
            page.get_by_role("link", name="Talos Arctica").first.wait_for()
            pages.append(page)
        for page, person in zip(pages, ("Ada Park", "Ben Osei"), strict=True):
            page.reload()
            assert person in page.content()
        context.close()
