"""The watcher's looks, in this process, with the clock in hand."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from counting import Counting
from edges import ENDED

from cloudlet.analytics.folders import list_folder, prepare_project, stamp_of
from cloudlet.analytics.models import Problem
from cloudlet.analytics.rules import Phase
from cloudlet.analytics.watcher import Watcher
from cloudlet.analytics.watcher_messages import Afresh, Assignment, Done, FolderScan, Handed, Held, Known, Reading


@dataclass
class Heard:
    """A channel that keeps what is said."""

    words: list[object] = field(default_factory=list)

    def send(self, word: object) -> None:
        self.words.append(word)


@dataclass
class Looking:
    """A watcher whose looks are a second apart."""

    raw: Path
    known: Known = field(default_factory=Known)
    second: int = 0
    heard: Heard = field(default_factory=Heard)

    def __post_init__(self) -> None:
        assignment = Assignment(self.raw, self.raw.parent / "out", Counting(), {}, 1.0, 300.0, self.known)
        self.watcher = Watcher(assignment, self.heard, self.clock)  # type: ignore[arg-type]

    def clock(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.second)

    def scan(self, wait: int = 1) -> FolderScan:
        self.second += wait
        return self.watcher.scan()

    def seen(self, scans: int = 1) -> list[tuple[str, Phase]]:
        return [(each.name, each.phase) for _ in range(scans) for each in self.scan().changes]


@pytest.fixture
def looking(raw: Path) -> Looking:
    return Looking(raw)


def test_a_file_is_reported_when_it_arrives_and_when_it_is_ready_and_then_no_more(looking: Looking) -> None:
    (looking.raw / "a.txt").write_text(ENDED)
    assert looking.seen() == [("a.txt", Phase.GROWING)]
    assert looking.seen() == [("a.txt", Phase.READY)]
    assert looking.seen(3) == []


def test_growing_is_no_news_and_an_incomplete_file_is_reported_with_the_reason(looking: Looking) -> None:
    path = looking.raw / "a.txt"
    looking_at = []
    for length in range(1, 4):
        path.write_text("x" * length)
        looking_at.append(looking.seen())
    assert looking_at == [[("a.txt", Phase.GROWING)], [], []]
    scan = looking.scan()
    assert [each.problem and each.problem.slug for each in scan.changes] == ["unended"]
    assert scan.unsettled == 1
    late = looking.scan(wait=301)
    assert [(each.phase, each.problem and each.problem.slug) for each in late.changes] == [(Phase.FAILED, "unended")]
    assert late.unsettled == 0


def test_only_exposures_are_watched_and_a_reader_says_what_it_reads(looking: Looking) -> None:
    (looking.raw / "a.txt").write_text(ENDED)
    (looking.raw / "a.md").write_text(ENDED)
    looking.seen(2)
    assert [word.name for word in looking.heard.words if isinstance(word, Reading)] == ["a.txt"]


def test_what_the_rows_say_is_not_reported_again(raw: Path) -> None:
    for name in ("done", "queued", "failed"):
        (raw / f"{name}.txt").write_text(ENDED)
    stamp = stamp_of(raw / "failed.txt")
    known = Known(frozenset({"done.txt"}), frozenset({"queued.txt"}), frozenset(), {"failed.txt": stamp})
    looking = Looking(raw, known)
    assert looking.seen(3) == []
    (raw / "failed.txt").write_text("longer " + ENDED)
    assert looking.seen(2) == [("failed.txt", Phase.GROWING), ("failed.txt", Phase.READY)]


def test_an_exposure_that_was_arriving_and_is_gone_has_vanished(raw: Path) -> None:
    (raw / "other.txt").write_text(ENDED)
    looking = Looking(raw, Known(arriving=frozenset({"gone.txt"})))
    assert ("gone.txt", Phase.FAILED) in looking.seen(2)


def test_orders_decide_what_is_looked_at(looking: Looking) -> None:
    path = looking.raw / "a.txt"
    path.write_text(ENDED)
    looking.seen(2)
    looking.watcher.obey(Handed("a.txt"))
    assert looking.seen(2) == []
    looking.watcher.obey(Afresh("a.txt"))
    assert looking.seen(2) == [("a.txt", Phase.READY)]
    looking.watcher.obey(Held("a.txt", stamp_of(path)))
    assert looking.seen(2) == []
    looking.watcher.obey(Done("a.txt"))
    path.write_text("something else")
    assert looking.seen(2) == []


def test_an_emptied_folder_is_a_problem_until_something_is_in_it_again(looking: Looking) -> None:
    path = looking.raw / "a.txt"
    path.write_text(ENDED)
    looking.seen(2)
    path.unlink()
    problem = looking.scan().problem
    assert problem is not None
    assert problem.slug == "raw-folder-vanished"
    (looking.raw / "b.txt").write_text(ENDED)
    assert looking.scan().problem is None


def test_files_are_reported_oldest_first(looking: Looking) -> None:
    for name, second in (("new", 200), ("old", 100)):
        path = looking.raw / f"{name}.txt"
        path.write_text(ENDED)
        os.utime(path, (second, second))
    assert [name for name, _ in looking.seen()] == ["old.txt", "new.txt"]


def test_names_that_are_no_text_are_left_out(raw: Path) -> None:
    (raw / "a.txt").touch()
    Path(os.fsdecode(os.fsencode(raw) + b"/\xff.txt")).touch()
    listing = list_folder(raw)
    assert not isinstance(listing, Problem)
    assert listing.names == {"a.txt"}


def test_a_file_in_place_of_a_folder_is_reported_as_such(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    listing = list_folder(path)
    assert isinstance(listing, Problem)
    assert listing.slug == "raw-folder-unreadable"
    project = prepare_project(path / "inside", tmp_path / "raw", ())
    assert project is not None
    assert project.slug == "project-folder-unwritable"


def test_a_link_does_not_hide_that_the_project_lies_in_the_raw_folder(tmp_path: Path, raw: Path) -> None:
    (tmp_path / "link").symlink_to(raw)
    problem = prepare_project(tmp_path / "link" / "project", raw, ())
    assert problem is not None
    assert problem.slug == "project-folder-in-raw"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("project/kept", None),
        ("project/kept/raw", None),
        ("raw", "raw"),
        ("raw", "raw/results"),
        ("elsewhere/raw", "elsewhere"),
        ("project/raw", "project/kept"),
        ("project/raw", "project"),
    ],
)
def test_a_product_folder_that_is_holds_or_lies_in_the_raw_folder_is_refused_and_no_other(
    tmp_path: Path, raw: str, kept: str | None
) -> None:
    for folder in (raw, "project"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    link = tmp_path / "project" / "kept"
    if kept is not None and tmp_path / kept != link:
        (tmp_path / kept).mkdir(exist_ok=True)
        link.symlink_to(tmp_path / kept)
    problem = prepare_project(tmp_path / "project", tmp_path / raw, ["kept"])
    if kept == "project/kept":
        assert problem is None
    else:
        assert problem is not None
        assert problem.slug == "project-folder-in-raw"


@pytest.mark.parametrize("name", ["kept", "kept/deep"])
def test_a_product_folder_that_is_a_link_is_reported_before_anything_is_processed(
    tmp_path: Path, raw: Path, name: str
) -> None:
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "kept").symlink_to(tmp_path / "elsewhere")
    problem = prepare_project(tmp_path / "project", raw, [name])
    assert problem is not None
    assert problem.slug == "product-folder-refused"
    assert "kept is a link" in problem.message
    assert "Remove the link" in problem.remedy


def test_links_that_run_in_a_circle_are_reported_as_a_folder_that_cannot_be_used(tmp_path: Path, raw: Path) -> None:
    (tmp_path / "project").symlink_to(tmp_path / "project")
    problem = prepare_project(tmp_path / "project", raw, ["kept"])
    assert problem is not None
    assert problem.slug == "project-folder-unwritable"
