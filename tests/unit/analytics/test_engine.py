"""The engine with real watchers and workers: what becomes of exposures."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import psutil
import pytest
from counting import Counting
from edges import ENDED, SETTINGS, Edge, attempts, until

from cloudlet.analytics import Engine, ExposureState, Runs
from cloudlet.analytics.ledger import Ledger
from cloudlet.compute import LocalPool
from cloudlet.database import Database
from cloudlet.identity import Actor
from cloudlet.instruments import Instruments

DONE, FAILED = ExposureState.DONE, ExposureState.FAILED


def checksums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_every_complete_file_gets_its_result_and_the_collection(edge: Edge, raw: Path, project: Path) -> None:
    for number in range(5):
        (raw / f"{number}.txt").write_text("x" * number + "\nEND\n")
    (raw / "notes.md").write_text("no exposure")
    before = checksums(raw)

    exposures = edge.once()

    assert {name: each.state for name, each in exposures.items()} == {f"{number}.txt": DONE for number in range(5)}
    lengths = {f"{number}.txt": {"length": number + 5.0} for number in range(5)}
    assert {name: each.results.measurements for name, each in exposures.items() if each.results} == lengths
    assert json.loads((project / "lengths.json").read_text()) == lengths
    assert checksums(raw) == before


def test_each_way_to_fail_is_reported_in_its_own_words_and_the_run_goes_on(edge: Edge, raw: Path) -> None:
    for word in ("REFUSE", "CRASH", "NAN", "NOTHING", "LARGE", "fine"):
        (raw / f"{word}.txt").write_text(f"{word}\nEND\n")
    (raw / "junk.txt").write_text("JUNK")
    (raw / "odd.txt").write_text("ODD")
    (raw / "vast.txt").write_text("VAST")
    (raw / "unended.txt").write_text("and then")
    (raw / "empty.txt").touch()

    exposures = edge.once()

    problems = {name: each.problem.slug for name, each in exposures.items() if each.problem}
    assert problems == {
        "REFUSE.txt": "refused",
        "CRASH.txt": "unexpected",
        "NOTHING.txt": "unexpected",
        "LARGE.txt": "memory-exhausted",
        "junk.txt": "junk",
        "odd.txt": "unexpected",
        "vast.txt": "memory-exhausted",
        "unended.txt": "unended",
        "empty.txt": "unended",
    }
    assert {name for name, each in exposures.items() if each.state is FAILED} == problems.keys()
    assert exposures["fine.txt"].state is DONE
    measured = exposures["NAN.txt"].results
    assert measured is not None
    assert measured.measurements == {}


def test_a_lost_worker_is_tried_again_and_costs_nobody_else_anything(edge: Edge, raw: Path, project: Path) -> None:
    (raw / "once.txt").write_text("DIE 1\nEND\n")
    (raw / "always.txt").write_text("DIE\nEND\n")
    (raw / "calm.txt").write_text(ENDED)

    exposures = edge.once()

    assert exposures["once.txt"].state is DONE
    assert exposures["once.txt"].attempts == attempts(project, "once.txt") == 2
    assert exposures["always.txt"].state is FAILED
    assert edge.problem_of("always.txt") == "worker-lost"
    assert attempts(project, "always.txt") == SETTINGS.attempts
    assert attempts(project, "calm.txt") == 1


def test_an_exposure_that_asks_for_too_much_memory_is_begun_once_and_its_worker_goes_on(
    edge: Edge, raw: Path, project: Path
) -> None:
    (raw / "large.txt").write_text("LARGE\nEND\n")
    (raw / "fine.txt").write_text(ENDED)
    edge.pool = LocalPool(1)
    exposures = edge.once()
    edge.pool.terminate()
    assert edge.problem_of("large.txt") == "memory-exhausted"
    assert exposures["fine.txt"].state is DONE
    pids = {(project / f"{name}.attempts").read_text() for name in ("large.txt", "fine.txt")}
    assert len(pids) == 1


def test_the_second_of_two_exposures_whose_results_would_have_the_same_names_fails_and_names_the_first(
    edge: Edge, raw: Path, project: Path
) -> None:
    (raw / "a.txt").write_text("first\nEND\n")
    assert edge.once()["a.txt"].state is DONE
    (raw / "a.copy.txt").write_text("second\nEND\n")
    second = edge.once()["a.copy.txt"]
    assert second.state is FAILED
    assert second.problem is not None
    assert second.problem.slug == "products-meet"
    assert "a.txt" in second.problem.message
    assert (project / "kept" / "a").read_text() == "first\nEND\n"
    edge.runs.retry(second.id, by=Actor.host("tester"))
    assert edge.once()["a.copy.txt"].state is FAILED
    assert (project / "kept" / "a").read_text() == "first\nEND\n"


def test_of_two_such_exposures_that_come_together_one_is_done(edge: Edge, raw: Path) -> None:
    for name in ("a.txt", "a.copy.txt", "b.txt"):
        (raw / name).write_text("SLEEP 0.5\nEND\n")
    states = {name: each.state for name, each in edge.once().items()}
    assert states.pop("b.txt") is DONE
    assert sorted(states.values()) == [DONE, FAILED]


def test_the_names_of_an_exposure_that_failed_are_free_for_another(edge: Edge, raw: Path) -> None:
    with edge.following():
        (raw / "a.txt").write_text("REFUSE\nEND\n")
        until(lambda: edge.is_in("a.txt", FAILED))
        (raw / "a.copy.txt").write_text(ENDED)
        until(lambda: edge.is_in("a.copy.txt", DONE))


def test_a_hung_task_is_killed_and_failed(edge: Edge, raw: Path) -> None:
    (raw / "slow.txt").write_text("SLEEP 60\nEND\n")
    (raw / "calm.txt").write_text(ENDED)
    edge.pool.terminate()
    edge.pool = LocalPool(1, task_seconds=2.0)

    exposures = edge.once()
    edge.pool.terminate()

    assert edge.problem_of("slow.txt") == "task-timed-out"
    assert exposures["calm.txt"].state is DONE


def test_a_failed_exposure_is_taken_up_when_it_changes_and_when_somebody_asks(
    edge: Edge, runs: Runs, raw: Path, project: Path
) -> None:
    changed, asked = raw / "changed.txt", raw / "asked.txt"
    changed.write_text("REFUSE\nEND\n")
    asked.write_text("DIE 3\nEND\n")
    with edge.following():
        until(lambda: edge.is_in("changed.txt", FAILED) and edge.is_in("asked.txt", FAILED))
        changed.write_text(ENDED)
        runs.retry(edge.exposures()["asked.txt"].id, by=Actor.host("researcher"))
        until(lambda: edge.is_in("changed.txt", DONE) and edge.is_in("asked.txt", DONE))
    assert attempts(project, "asked.txt") == 4


def test_a_file_waits_until_it_is_complete(edge: Edge, raw: Path) -> None:
    path = raw / "growing.txt"
    path.write_text("first ")
    with edge.following():
        until(lambda: "growing.txt" in edge.exposures() and edge.problem_of("growing.txt") == "unended")
        assert edge.is_in("growing.txt", ExposureState.ARRIVING)
        with path.open("a") as file:
            file.write("END\n")
        until(lambda: edge.is_in("growing.txt", DONE))
    results = edge.exposures()["growing.txt"].results
    assert results is not None
    assert results.measurements == {"length": 10.0}


def test_a_file_that_changes_while_it_is_processed_is_processed_again(edge: Edge, raw: Path, project: Path) -> None:
    path = raw / "late.txt"
    path.write_text("SLEEP 1\nEND\n")
    with edge.following():
        until(lambda: attempts(project, "late.txt") == 1)
        path.write_text("more than that\nEND\n")
        until(lambda: edge.is_in("late.txt", DONE))
    results = edge.exposures()["late.txt"].results
    assert results is not None
    assert results.measurements == {"length": 19.0}


class Broken(Runs):
    def ledger(self, run_id: int) -> Ledger:
        raise ZeroDivisionError


def test_a_failure_of_the_engine_ends_it_and_reaches_whoever_had_it_running(edge: Edge, database: Database) -> None:
    with Engine(Broken(database, Instruments(database)), edge.pool, SETTINGS, workers=1) as engine:
        engine.follow(edge.run, Counting())
        with pytest.raises(ZeroDivisionError), engine.running() as ended:
            until(ended.done)


def test_what_a_stopped_engine_left_is_carried_on_and_nothing_is_left_running(
    edge: Edge, raw: Path, project: Path
) -> None:
    (raw / "slow.txt").write_text("SLEEP 1\nEND\n")
    with edge.following():
        until(lambda: attempts(project, "slow.txt") == 1)
    edge.pool.terminate()
    assert edge.is_in("slow.txt", ExposureState.QUEUED)
    assert psutil.Process(os.getpid()).children() == []

    edge.pool = LocalPool(1)
    assert edge.once()["slow.txt"].state is DONE
    edge.pool.terminate()
