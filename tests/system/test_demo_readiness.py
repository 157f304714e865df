"""The demo says that it is ready when its edge has looked, and not before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloudlet.analytics import Runs
from cloudlet.clock import utc_now
from cloudlet.cryoem import WORKLOAD
from cloudlet.database import Database, Table
from cloudlet.identity import Actor
from cloudlet.instruments import Instrument, Instruments
from cloudlet.processes.supervisor import Supervisor
from cloudlet.testbed.demo import run
from cloudlet.testbed.demo.seed import INSTRUMENT


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    runs, instruments = Runs(database, Instruments(database)), Instruments(database)
    Table.metadata.create_all(database.engine)
    instruments.register(Instrument(INSTRUMENT, "Scope", "A microscope."), by=Actor.host("tester"))
    yield runs
    database.close()


def test_the_edge_counts_as_there_once_it_has_looked_since_the_start(runs: Runs, tmp_path: Path) -> None:
    began = utc_now()
    assert not run._has_looked(runs, began), "there is no run yet"
    session = Instruments(runs._database).open_session(
        INSTRUMENT,
        title="Night",
        project="alpha",
        raw_folder=tmp_path / "raw",
        project_folder=tmp_path / "project",
        people={},
        starts_at=began,
        ends_at=None,
        by=Actor.host("tester"),
    )
    of_session = runs.ensure_run(session, WORKLOAD, {})
    assert not run._has_looked(runs, began)
    runs.note_scan(of_session.id)
    assert run._has_looked(runs, began)
    assert not run._has_looked(runs, utc_now() + timedelta(seconds=1)), "that was in an earlier life"


def test_a_demo_one_of_whose_programs_stays_silent_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "READY_SECONDS", 0.3)
    signs = {"portal": lambda: True, "edge": lambda: False}
    with pytest.raises(run.DemoNotReady, match=r"The edge did not come up\..*edge\.log"):
        run._wait_until_ready(Supervisor([], tmp_path, print), signs, tmp_path)
