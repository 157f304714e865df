"""Processes are killed, the demo is started again, two run side by side: nothing is lost and nothing is left."""

from __future__ import annotations

import hashlib
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser
from sqlalchemy import select
from tests.acceptance.demo import Cockpit, Demo
from tests.patience import eventually

from cloudlet.analytics import Runs
from cloudlet.events import read_after
from cloudlet.identity import Actor
from cloudlet.identity.store import LinkRow
from cloudlet.instruments import Instruments
from cloudlet.testbed.camera import Camera
from cloudlet.testbed.models import CAMERAS, Truth
from cloudlet.testbed.movies import MovieWriter

TESTER = Actor.host("tester")

pytestmark = [pytest.mark.acceptance, pytest.mark.needs("chromium"), pytest.mark.timeout(400)]


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in `folder`."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def taken_afresh(demo: Demo, folder: Path) -> Path:
    """Take every movie of `demo` again below `folder`, from what was kept outside of the raw folder alone."""
    truths = [Truth.from_json(path.read_text()) for path in sorted(demo.truth.glob("GRID1_*.json"))]
    camera = Camera(CAMERAS["demo"], seed=1)
    writer = MovieWriter(folder / "raw", folder / "truth", camera)
    for truth in truths:
        writer.write(camera.expose(truth.number, truth.dials), started_at(demo, truth))
    return writer.raw


def started_at(demo: Demo, truth: Truth) -> datetime:
    """Return by the camera's clock when a movie was begun; the metadata alone knows the year."""
    (mdoc,) = demo.raw.glob(f"GRID1_{truth.number:05d}_*.mdoc")
    (line,) = (line for line in mdoc.read_text("ascii").splitlines() if line.startswith("DateTime = "))
    return datetime.strptime(line, "DateTime = %d-%b-%y  %H:%M:%S").replace(tzinfo=UTC)


def times_measured(demo: Demo, run: int) -> dict[str, int]:
    """Return how often a result was stored for each movie."""
    with closing(demo.open_database()) as database:
        names = {
            exposure.id: exposure.name for exposure in Runs(database, Instruments(database)).exposures(run, by=TESTER)
        }
        with database.read() as work:
            news = read_after(work, 0, kinds=["analytics.exposure-changed"], limit=10_000)
    return Counter(names[each.data["exposure_id"]] for each in news if each.data["state"] == "done")


def linked_identities(demo: Demo) -> set[tuple[str, str, str]]:
    """Return issuer, subject and account of everybody."""
    with closing(demo.open_database()) as database, database.read() as work:
        return {(row.issuer, row.subject, row.username) for row in work.scalars(select(LinkRow))}


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
        names = [path.name for path in demo.raw.glob("*.tif")]
        assert times_measured(demo, cockpit.facts()["run"]) == dict.fromkeys(names, 1)
        assert digests(demo.raw) == digests(taken_afresh(demo, tmp_path / "afresh"))


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
        first, people = cockpit.done(), linked_identities(demo)
        address = ("127.0.0.1", demo.ports["provider"])
    with socket.create_server(address), Demo.started(folder) as demo:
        assert demo.ports["provider"] != address[1]
        cockpit = Cockpit(demo.sign_in(browser, "Ada Park")).open()
        eventually(lambda: cockpit.facts()["console"]["operator"], 20, "Ada in control")
        assert cockpit.done() == first
        assert linked_identities(demo) == people


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
