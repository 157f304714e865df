"""Every bad movie ends in its sentence, every odd one that can be measured is measured, in one run of the program."""

from __future__ import annotations

import json
import re
import resource
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
from tests.data.bad.corpus import FINE, write_corpus

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

MOST_KILOBYTES = 3 << 20
"""Of any process: nothing in the corpus takes more, whatever it claims."""

KNOWN = ["--pixel-size=1.4", "--voltage=300", "--dose-per-frame=2"]


@dataclass(frozen=True)
class Ended:
    """How one movie ended."""

    state: str
    problem: dict[str, str]
    results: dict[str, Any]


@dataclass(frozen=True)
class Night:
    """A raw folder full of bad movies, processed."""

    reported: dict[str, str]
    ended: dict[str, Ended]
    project: Path
    status: int
    output: str


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    raw, project = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("project")
    reported = write_corpus(raw)
    before = {path: path.stat().st_mtime_ns for path in raw.iterdir()}
    command = [sys.executable, "-m", "cloudlet", "process", str(raw), "--out", str(project), *KNOWN]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert {path: path.stat().st_mtime_ns for path in raw.iterdir()} == before
    with sqlite3.connect(project / "cloudlet.db") as database:
        rows = database.execute("select name, state, problem, results from exposure").fetchall()
    ended = {name: Ended(state, *(json.loads(text or "null") or {} for text in rest)) for name, state, *rest in rows}
    return Night(reported, ended, project, done.returncode, done.stdout + done.stderr)


def test_every_movie_ends_and_none_brings_the_program_down(night: Night) -> None:
    assert night.status == 1, night.output
    assert "Traceback" not in night.output
    assert set(night.ended) == set(night.reported)
    assert {each.state for each in night.ended.values()} == {"done", "failed"}


def test_every_bad_movie_ends_in_its_sentence_and_what_to_do(night: Night) -> None:
    wrong = {}
    for name, sentence in night.reported.items():
        ended = night.ended[name]
        message = ended.problem.get("message", "")
        is_as_expected = (ended.state == "done") == (not message) and re.search(sentence, message)
        has_remedy = not message or ended.problem["remedy"].endswith(".")
        if not is_as_expected or not has_remedy or (sentence == FINE and message):
            wrong[name] = ended.problem or "measured"
    assert wrong == {}


def test_what_is_measured_is_numbers(night: Night) -> None:
    for name, ended in night.ended.items():
        if ended.state != "done":
            continue
        assert np.isfinite(list(ended.results["measurements"].values())).all(), name
        assert np.isfinite(mrcfile.read(night.project / ended.results["products"]["micrograph"])).all(), name


def test_a_dead_frame_is_reported_and_its_dose_counts(night: Night) -> None:
    measured = night.ended["dead-frame.tif"].results["measurements"]
    assert (measured["dead_frames"], measured["frames"], measured["dose"]) == (1, 5, 10)


def test_a_gain_reference_that_lies_turned_is_used(night: Night) -> None:
    measured = night.ended["pattern-turned.tif"].results["measurements"]
    assert measured["counts"] == pytest.approx(40, rel=0.05)
    assert measured["gain_match"] > 10


def test_no_process_took_more_memory_than_is_allowed(night: Night) -> None:
    assert night.ended
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_KILOBYTES
