"""An engine with real watchers and workers, on one run of the toy workload."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from counting import Counting

from cloudlet.analytics import (
    AnalyticsSettings,
    Engine,
    Exposure,
    ExposureState,
    Following,
    Problem,
    Run,
    Runs,
)
from cloudlet.compute import LocalPool
from cloudlet.identity import Actor

TESTER = Actor.host("tester")

SETTINGS = AnalyticsSettings(poll_seconds=0.05, collect_seconds=0.1, silence_seconds=5.0, worker_memory_gib=2)
ENDED = "some text\nEND\n"


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a condition, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this never came about"
        time.sleep(0.05)


@dataclass
class Edge:
    """An engine on a pool, for one run."""

    runs: Runs
    run: Run
    pool: LocalPool

    def once(self, settings: AnalyticsSettings = SETTINGS) -> dict[str, Exposure]:
        """Process what is there, and return the exposures by name."""
        with Engine(self.runs, self.pool, settings, workers=self.pool.workers) as engine:
            engine.follow(self.run, Counting(), Following.ONCE)
            engine.run(until_idle=True)
        return self.exposures()

    @contextmanager
    def following(self, settings: AnalyticsSettings = SETTINGS) -> Iterator[None]:
        """Follow the run in a thread for as long as the block lasts."""
        with Engine(self.runs, self.pool, settings, workers=self.pool.workers) as engine:
            engine.follow(self.run, Counting())
            with engine.running():
                yield

    def exposures(self) -> dict[str, Exposure]:
        return {exposure.name: exposure for exposure in self.runs.exposures(self.run.id, by=TESTER)}

    def is_in(self, name: str, state: ExposureState) -> bool:
        exposure = self.exposures().get(name)
        return exposure is not None and exposure.state is state

    def problem_of(self, name: str) -> str:
        problem = self.exposures()[name].problem
        return "" if problem is None else problem.slug

    def run_problem(self) -> Problem | None:
        run = self.runs.run(self.run.id, by=TESTER)
        assert run is not None
        return run.problem


def attempts(project: Path, name: str) -> int:
    """Return how often the toy workload began to process an exposure."""
    marks = project / f"{name}.attempts"
    return len(marks.read_text().splitlines()) if marks.exists() else 0
