"""Runs to try the toy workload on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # children are given our path, and find the toy workload by it

from counting import Counting
from edges import Edge

from cloudlet.analytics import Run, Runs
from cloudlet.compute import LocalPool
from cloudlet.database import Database
from cloudlet.identity import Actor
from cloudlet.instruments import Instruments


@pytest.fixture
def runs(database: Database) -> Runs:
    return Runs(database, Instruments(database))


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "projects" / "one"


@pytest.fixture
def run(runs: Runs, raw: Path, project: Path) -> Run:
    return runs.start_run(raw, project, Counting(), {}, by=Actor.host("tester"))


@pytest.fixture
def edge(runs: Runs, run: Run) -> Iterator[Edge]:
    pool = LocalPool(2, task_seconds=20.0)
    yield Edge(runs, run, pool)
    pool.terminate()
