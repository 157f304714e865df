"""A real edge process, killed at random moments while exposures keep arriving."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import psutil
import pytest

from cloudlet.analytics import ExposureState, Run, Runs
from cloudlet.clock import utc_now
from cloudlet.database import Database, Table
from cloudlet.events import read_after
from cloudlet.identity import Actor
from cloudlet.instruments import Instrument, Instruments, Level

TESTER = Actor.host("tester")

pytestmark = pytest.mark.system

TOYS = Path(__file__).parents[1] / "unit" / "analytics"
PROGRAM = """
import sys
sys.path.append(sys.argv[2])
from counting import Counting
from cloudlet.analytics import AnalyticsSettings
from cloudlet.database import Database
from cloudlet.instruments import Instruments
from cloudlet.processes.edge import run_edge
database = Database(sys.argv[1])
settings = AnalyticsSettings(poll_seconds=0.1, collect_seconds=0.5)
run_edge(database, Instruments(database), {"scope": (Counting(), {})}, settings, 2)
"""
FILES = 30
KILLS = 3


class EdgeProcess:
    """The edge's process, started again after each kill."""

    def __init__(self, url: str) -> None:
        self._command = [sys.executable, "-c", PROGRAM, url, str(TOYS)]
        self._seen: dict[int, psutil.Process] = {}
        self.process = subprocess.Popen(self._command)

    def family(self) -> list[psutil.Process]:
        family = [psutil.Process(self.process.pid)]
        return family + family[0].children(recursive=True)

    def kill(self) -> None:
        family = self.family()
        self.process.kill()
        self.process.wait()
        assert psutil.wait_procs(family[1:], timeout=10)[1] == [], "a process outlived the edge"

    def restart(self) -> None:
        self.process = subprocess.Popen(self._command)

    def stop(self, by: signal.Signals) -> int:
        family = self.family()
        self.process.send_signal(by)
        status = self.process.wait(20)
        assert psutil.wait_procs(family[1:], timeout=10)[1] == []
        return status


class Camera(Thread):
    """Writes texts slowly, and remembers what it wrote."""

    def __init__(self, raw: Path) -> None:
        super().__init__()
        self._raw = raw
        self.checksums: dict[str, str] = {}

    def run(self) -> None:
        for number in range(FILES):
            path = self._raw / f"{number:03}.txt"
            first, last = "SLEEP 0.2 " + "x" * number, "\nEND\n"
            path.write_text(first)
            time.sleep(0.15)
            with path.open("a") as file:
                file.write(last)
            time.sleep(0.15)
            self.checksums[path.name] = hashlib.sha256((first + last).encode()).hexdigest()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    assert Runs.__module__.startswith("cloudlet")  # whose import declares the tables
    database = Database(f"sqlite:///{tmp_path / 'edge.db'}")
    Table.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def session_id(database: Database, raw: Path, tmp_path: Path) -> int:
    return open_session(database, raw, tmp_path / "project")


@pytest.fixture
def edge(database: Database, session_id: int) -> Iterator[EdgeProcess]:
    edge = EdgeProcess(str(database.engine.url))
    yield edge
    edge.process.kill()
    edge.process.wait()


def open_session(database: Database, raw: Path, project: Path, seconds: float | None = None) -> int:
    instruments = Instruments(database)
    instruments.register(Instrument("scope", "Scope", "A microscope."), by=Actor.host("tester"))
    now = utc_now()
    session = instruments.open_session(
        "scope",
        title="Night",
        project="alpha",
        raw_folder=raw,
        project_folder=project,
        people={"ada": Level.OPERATE},
        starts_at=now,
        ends_at=None if seconds is None else now + timedelta(seconds=seconds),
        by=Actor.host("tester"),
    )
    return session.id


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this never came about"
        time.sleep(0.1)


def run_of(database: Database, session_id: int) -> Run:
    runs = Runs(database, Instruments(database))
    until(lambda: runs.run_of_session(session_id, by=TESTER) is not None)
    run = runs.run_of_session(session_id, by=TESTER)
    assert run is not None
    return run


def count_done(database: Database, run: Run) -> int:
    return Runs(database, Instruments(database)).vitals(run.id, by=TESTER).counts[ExposureState.DONE]


def test_kills_at_random_moments_cost_nothing_and_double_nothing(
    edge: EdgeProcess, database: Database, session_id: int, raw: Path
) -> None:
    camera = Camera(raw)
    camera.start()
    run = run_of(database, session_id)
    for _ in range(KILLS):
        time.sleep(random.uniform(1.0, 3.0))
        edge.kill()
        edge.restart()
    camera.join()
    until(lambda: count_done(database, run) == FILES)

    exposures = {each.name: each for each in Runs(database, Instruments(database)).exposures(run.id, by=TESTER)}
    lengths = {name: each.results.measurements["length"] for name, each in exposures.items() if each.results}
    assert lengths == {name: (raw / name).stat().st_size for name in camera.checksums}
    with database.read() as work:
        news = read_after(work, 0, kinds=["analytics.exposure-changed"], limit=10_000)
    stored = Counter(each.data["exposure_id"] for each in news if each.data["state"] == "done")
    assert stored == dict.fromkeys((each.id for each in exposures.values()), 1)
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in raw.iterdir()} == camera.checksums
    until(lambda: len(edge.family()) > 1)  # it is up: the last of it may have been done before the last kill
    assert edge.stop(signal.SIGTERM) == 0


def test_ctrl_c_ends_the_edge_and_all_its_processes_in_the_middle_of_a_task(
    edge: EdgeProcess, database: Database, session_id: int, raw: Path
) -> None:
    (raw / "slow.txt").write_text("SLEEP 60\nEND\n")
    run = run_of(database, session_id)
    vitals = Runs(database, Instruments(database)).vitals
    until(lambda: vitals(run.id, by=TESTER).counts[ExposureState.RUNNING] == 1)
    assert edge.stop(signal.SIGINT) == 0
    assert vitals(run.id, by=TESTER).counts[ExposureState.QUEUED] == 1


def test_retry_works_after_the_session_has_ended(
    edge: EdgeProcess, database: Database, session_id: int, tmp_path: Path
) -> None:
    run_of(database, session_id)  # the edge is up: on a loaded machine its start may take longer than the next session
    folder = tmp_path / "second"
    folder.mkdir()
    (folder / "refused.txt").write_text("REFUSE\nEND\n")
    seconds = 6.0
    short = open_session(database, folder, tmp_path / "project2", seconds)
    end = time.monotonic() + seconds
    run, runs = run_of(database, short), Runs(database, Instruments(database))
    failed = [ExposureState.FAILED]
    until(lambda: runs.exposures(run.id, states=failed, by=TESTER))
    time.sleep(max(0.0, end - time.monotonic()))

    runs.retry(runs.exposures(run.id, by=TESTER)[0].id, by=Actor.host("ada"))
    until(lambda: [each.attempts for each in runs.exposures(run.id, states=failed, by=TESTER)] == [2])
