"""The demo as its users have it: how far behind the camera the page is, and what everything costs.

A browser with the cockpit open looks at a running acquisition; the moment a micrograph appears on the page is taken in
the page itself. Beside the demo runs nothing else, but the browser shares its two cores.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright
from tests.acceptance.demo import Cockpit, Demo
from tests.browser import launch
from tests.patience import eventually

from benchmarks.report import Row, report

PROGRAMS = ("portal", "gateway", "edge", "testbed")
MIB = 2**20
LAG_SECONDS, START_SECONDS, CAMERA_SECONDS = 10.0, 10.0, 1.0
LIVE_VIEW_SHARE = 0.03
SETTLING_SECONDS, IDLE_SECONDS = 3.0, 10.0
WATCH = """
() => {
  window.seen = {};
  const look = () => {
    for (const picture of document.querySelectorAll("#results img")) {
      const name = picture.alt.split(" of ").at(-1);
      if (picture.complete && picture.naturalWidth && !(name in window.seen)) window.seen[name] = Date.now() / 1000;
    }
  };
  document.getElementById("results").addEventListener("load", look, true);
  new MutationObserver(look).observe(document.getElementById("results"), { subtree: true, childList: true });
}
"""

Programs = Mapping[str, psutil.Process]
"""Each program of the demo by its name."""


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of `process` and its children, those that have ended included."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        times = each.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_mib(process: psutil.Process) -> float:
    """Return the memory of `process` and its children, shared pages counted in proportion."""
    return sum(each.memory_full_info().pss for each in [process, *process.children(recursive=True)]) / MIB


def shares(programs: Programs, seconds: float) -> dict[str, float]:
    """Return the share of a core that each program uses within `seconds`."""
    before = {name: cpu_seconds(process) for name, process in programs.items()}
    time.sleep(seconds)
    return {name: (cpu_seconds(process) - before[name]) / seconds for name, process in programs.items()}


def lags(page: Page, demo: Demo) -> list[float]:
    """Return for every movie on the page the seconds from the camera's last byte to its picture."""
    seen: dict[str, float] = page.evaluate("window.seen")
    return [at - (demo.raw / name).stat().st_mtime for name, at in seen.items() if (demo.raw / name).exists()]


def movies_per_hour(demo: Demo) -> float:
    """Return the camera's rate, by when its movies were complete."""
    ends = sorted(path.stat().st_mtime for path in demo.raw.glob("*.tif"))[2:-1]  # the last may still be written
    return 3600 * (len(ends) - 1) / (ends[-1] - ends[0])


@dataclass(frozen=True)
class Acquired:
    """What was seen of an acquisition once everything was warm."""

    seconds: float
    movies: int
    """Taken within these seconds."""
    used: Mapping[str, float]
    """CPU seconds of each program."""
    behind: Sequence[float]
    """Seconds from each movie's last byte to its picture on the page."""
    per_hour: float


def acquire(demo: Demo, page: Page, programs: Programs, movies: int, cadence: float) -> Acquired:
    """Click start and watch until `movies` movies were seen on the page."""
    cockpit = Cockpit(page)
    page.evaluate(WATCH)
    cockpit.click("start")
    eventually(lambda: len(cockpit.done()) >= 2, 60, "the first movies, which warm everything")
    before, first = {name: cpu_seconds(each) for name, each in programs.items()}, len(list(demo.raw.glob("*.tif")))
    began = time.monotonic()
    eventually(
        lambda: len(page.evaluate("Object.keys(window.seen)")) >= movies, movies * cadence * 3, "all movies seen"
    )
    return Acquired(
        seconds=time.monotonic() - began,
        movies=len(list(demo.raw.glob("*.tif"))) - first,
        used={name: cpu_seconds(each) - before[name] for name, each in programs.items()},
        behind=lags(page, demo),
        per_hour=movies_per_hour(demo),
    )


def pace_rows(acquired: Acquired, cadence: float) -> Iterator[Row]:
    """Yield how far behind the page is, and whether the camera keeps its pace."""
    behind, pace = acquired.behind, 0.95 * 3600 / cadence
    p95 = statistics.quantiles(behind, n=20, method="inclusive")[-1]
    yield Row.at_most("file complete to picture on the page, p50", statistics.median(behind), "s", LAG_SECONDS)
    yield Row.at_most("file complete to picture on the page, p95", p95, "s", LAG_SECONDS)
    yield Row("movies per hour", acquired.per_hour, "1/h", f"≥ {pace:.0f}", acquired.per_hour >= pace)


def console_shares(cockpit: Cockpit, programs: Programs) -> tuple[float, float]:
    """Return the console's share of a core with the live view running, and with the screen in the beam instead."""
    time.sleep(SETTLING_SECONDS)
    with_live_view = shares(programs, IDLE_SECONDS)["testbed"]
    cockpit.click("screen")
    time.sleep(SETTLING_SECONDS)
    without = shares(programs, IDLE_SECONDS)["testbed"]
    cockpit.click("screen")
    time.sleep(SETTLING_SECONDS)
    return with_live_view, without


def cost_rows(acquired: Acquired, with_live_view: float, without: float) -> Iterator[Row]:
    """Yield what a movie and the operator's screen cost; the last two are the console's shares of a core."""
    camera = (acquired.used["testbed"] - with_live_view * acquired.seconds) / acquired.movies
    yield Row.at_most("camera: CPU per movie", camera, "s", CAMERA_SECONDS)
    yield Row("edge: CPU per movie", acquired.used["edge"] / acquired.movies, "s")
    yield Row.at_most("live view: share of a core", with_live_view - without, "", LIVE_VIEW_SHARE)
    yield Row("console with a viewer: share of a core", with_live_view, "")
    for name in ("portal", "gateway"):
        yield Row(f"{name}: share of a core while acquiring", acquired.used[name] / acquired.seconds, "")


def measure(demo: Demo, page: Page, movies: int, cadence: float) -> list[Row]:
    """Watch `movies` movies and return the rows."""
    programs = {name: demo.program(name) for name in PROGRAMS}
    console = console_shares(Cockpit(page), programs)
    acquired = acquire(demo, page, programs, movies, cadence)
    return [
        Row.at_most("start-up", demo.ready_seconds, "s", START_SECONDS),
        *pace_rows(acquired, cadence),
        *cost_rows(acquired, *console),
        *(Row(f"{name}: memory", memory_mib(process), "MiB") for name, process in programs.items()),
    ]


def main() -> None:
    """Run the benchmark; exit status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--movies", type=int, default=30)
    parser.add_argument("--cadence", type=float, default=5.0)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        Demo.started(Path(folder) / "demo", "--cadence", str(options.cadence)) as demo,
    ):
        page = demo.sign_in(launch(playwright), "Ada Park")
        Cockpit(page).open()
        rows = measure(demo, page, options.movies, options.cadence)
    sys.exit(not report("demo", rows))


if __name__ == "__main__":
    main()
