"""The engine when folders, watchers and single files do not answer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from counting import Counting
from edges import ENDED, SETTINGS, Edge, until

from cloudlet.analytics import ExposureState
from cloudlet.identity import Actor

DONE, FAILED = ExposureState.DONE, ExposureState.FAILED


def test_a_raw_folder_that_vanishes_and_comes_back_costs_no_exposure(edge: Edge, raw: Path, tmp_path: Path) -> None:
    (raw / "before.txt").write_text(ENDED)
    with edge.following():
        until(lambda: edge.is_in("before.txt", DONE))
        (raw / "during.txt").write_text("SLEEP 1\nEND\n")
        until(lambda: edge.is_in("during.txt", ExposureState.RUNNING))
        raw.rename(tmp_path / "elsewhere")
        until(lambda: (problem := edge.run_problem()) and problem.slug == "raw-folder-missing")
        raw.mkdir()  # what a vanished mount looks like
        until(lambda: (problem := edge.run_problem()) and problem.slug == "raw-folder-vanished")
        raw.rmdir()
        (tmp_path / "elsewhere").rename(raw)
        (raw / "after.txt").write_text(ENDED)
        until(lambda: edge.is_in("during.txt", DONE) and edge.is_in("after.txt", DONE))
        until(lambda: edge.run_problem() is None)


def test_a_missing_raw_folder_is_said_and_ends_a_single_pass(edge: Edge, raw: Path) -> None:
    raw.rmdir()
    assert edge.once() == {}
    problem = edge.run_problem()
    assert problem is not None
    assert problem.slug == "raw-folder-missing"


def test_a_project_folder_that_cannot_be_written_holds_the_run_with_a_sentence(edge: Edge, raw: Path) -> None:
    (raw / "one.txt").write_text(ENDED)
    blocked = edge.run.project_folder.parent
    blocked.write_text("a file where a folder should be")
    with edge.following():
        until(lambda: (problem := edge.run_problem()) and problem.slug == "project-folder-unwritable")
        assert not edge.is_in("one.txt", DONE)
        blocked.unlink()
        until(lambda: edge.is_in("one.txt", DONE))


def test_a_full_project_folder_fails_no_exposure(edge: Edge, raw: Path) -> None:
    (raw / "one.txt").write_text("FULL\nEND\n")
    assert edge.once()["one.txt"].state is ExposureState.QUEUED
    problem = edge.run_problem()
    assert problem is not None
    assert problem.slug == "project-folder-full"


def test_nothing_is_ever_written_into_the_raw_folder(edge: Edge, raw: Path) -> None:
    (raw / "one.txt").write_text(ENDED)
    edge.run = edge.runs.start_run(raw, raw / "products", Counting(), {}, by=Actor.host("tester"))
    edge.once()
    problem = edge.run_problem()
    assert problem is not None
    assert problem.slug == "project-folder-in-raw"
    assert [path.name for path in raw.iterdir()] == ["one.txt"]


def lie_in_the_product_folder(project: Path) -> Path:
    (project / "kept").mkdir(parents=True)
    return project / "kept"


def lie_beneath_it(project: Path) -> Path:
    return lie_in_the_product_folder(project) / "raw"


def be_what_it_is_a_link_to(project: Path) -> Path:
    project.mkdir(parents=True)
    (project / "kept").symlink_to(project.parent / "raw")
    return project.parent / "raw"


@pytest.mark.parametrize("place", [lie_in_the_product_folder, lie_beneath_it, be_what_it_is_a_link_to])
def test_raw_data_where_products_go_is_left_as_it_is_and_the_run_says_so(
    edge: Edge, project: Path, place: Callable[[Path], Path]
) -> None:
    raw = place(project)
    raw.mkdir(exist_ok=True)
    (raw / "one").write_text("raw data under the name of a product")
    (raw / "one.txt").write_text(ENDED)
    edge.run = edge.runs.start_run(raw, project, Counting(), {}, by=Actor.host("tester"))
    edge.once()
    problem = edge.run_problem()
    assert problem is not None
    assert problem.slug == "project-folder-in-raw"
    assert {path.name: path.read_text() for path in raw.iterdir()} == {
        "one": "raw data under the name of a product",
        "one.txt": ENDED,
    }


def test_the_raw_folder_may_lie_in_the_project_folder(edge: Edge, project: Path) -> None:
    raw = project / "raw"
    raw.mkdir(parents=True)
    (raw / "one.txt").write_text(ENDED)
    edge.run = edge.runs.start_run(raw, project, Counting(), {}, by=Actor.host("tester"))
    assert edge.once()["one.txt"].state is DONE


def test_an_exposure_queued_before_its_file_vanished_is_failed_and_taken_up_when_it_is_back(
    edge: Edge, raw: Path, tmp_path: Path
) -> None:
    (raw / "slow1.txt").write_text("SLEEP 1\nEND\n")
    (raw / "slow2.txt").write_text("SLEEP 1\nEND\n")
    with edge.following():
        until(lambda: edge.is_in("slow1.txt", ExposureState.RUNNING))
        until(lambda: edge.is_in("slow2.txt", ExposureState.RUNNING))
        shutil.move(raw / "slow1.txt", tmp_path)
        until(lambda: edge.is_in("slow1.txt", FAILED))
        assert edge.problem_of("slow1.txt") == "exposure-vanished"
        shutil.move(tmp_path / "slow1.txt", raw)
        until(lambda: edge.is_in("slow1.txt", DONE) and edge.is_in("slow2.txt", DONE))


def test_a_file_that_hangs_its_reader_is_put_aside_and_the_others_go_on(edge: Edge, raw: Path) -> None:
    settings = SETTINGS.model_copy(update={"silence_seconds": 1.5, "reading_seconds": 3.0})
    stuck = raw / "a-stuck.txt"
    stuck.write_text("STUCK\n")
    with edge.following(settings):
        until(lambda: (problem := edge.run_problem()) and problem.slug == "raw-folder-silent")
        (raw / "fine.txt").write_text(ENDED)
        until(lambda: edge.is_in("fine.txt", DONE))
        until(lambda: edge.is_in("a-stuck.txt", FAILED))
        assert edge.problem_of("a-stuck.txt") == "exposure-unreadable"
        assert edge.run_problem() is None
        stuck.write_text(ENDED)
        until(lambda: edge.is_in("a-stuck.txt", DONE))


def test_a_killed_watcher_is_replaced(edge: Edge, raw: Path) -> None:
    (raw / "one.txt").write_text(ENDED)
    with edge.following():
        until(lambda: edge.is_in("one.txt", DONE))
        workers = {slot._worker.pid for slot in edge.pool._slots if slot._worker}
        watchers = [child for child in psutil.Process(os.getpid()).children() if child.pid not in workers]
        assert watchers
        for watcher in watchers:
            watcher.kill()
        (raw / "two.txt").write_text(ENDED)
        until(lambda: edge.is_in("two.txt", DONE))


def test_a_file_that_kills_its_readers_is_put_aside_and_the_others_go_on(edge: Edge, raw: Path) -> None:
    (raw / "a-broken.txt").write_text("BREAK\n")
    (raw / "fine.txt").write_text(ENDED)
    exposures = edge.once()
    assert edge.problem_of("a-broken.txt") == "exposure-unreadable"
    assert exposures["fine.txt"].state is DONE
