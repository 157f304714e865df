from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from tests.unit.testbed.microscope_world import World

from cloudlet.testbed.microscope import Microscope, NotReady, Phase
from cloudlet.testbed.models import Movie
from cloudlet.testbed.movies import DiskFull, MovieWriter

Until = Callable[[Callable[[], bool]], None]


def movies(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "raw").glob("*.tif"))


def truths(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted((folder / "truth").glob("GRID1*.json"))]


def is_idle(microscope: Microscope) -> Callable[[], bool]:
    return lambda: not microscope.snapshot().acquisition.is_running


def test_acquisition_stops_at_the_planned_number(world: World, microscope: Microscope, until: Until) -> None:
    microscope.start()
    microscope.start_acquisition()
    until(is_idle(microscope))
    status = microscope.snapshot().acquisition
    assert (status.done, status.number, status.phase) == (3, 3, Phase.IDLE)
    assert status.message == "Finished: all 3 planned movies are taken."
    assert len(movies(world.folder)) == len(truths(world.folder)) == 3


def test_nothing_is_acquired_before_the_start(world: World, microscope: Microscope) -> None:
    microscope.start()
    microscope.close()
    assert movies(world.folder) == []


def test_a_complete_acquisition_can_be_followed_by_another(world: World, until: Until) -> None:
    microscope = world.microscope(planned_movies=1)
    microscope.start()
    for count in (1, 2):
        microscope.start_acquisition()
        until(is_idle(microscope))
        assert len(movies(world.folder)) == count
    assert microscope.snapshot().acquisition.done == 1


def test_numbers_carry_on_after_a_restart(world: World, until: Until) -> None:
    for _ in range(2):
        microscope = world.microscope(planned_movies=2)
        microscope.start()
        microscope.start_acquisition()
        until(is_idle(microscope))
        microscope.close()
    assert [truth["number"] for truth in truths(world.folder)] == [1, 2, 3, 4]


def test_a_number_is_not_given_twice_when_the_raw_folder_was_emptied(world: World, until: Until) -> None:
    before = world.microscope(planned_movies=1)
    before.start()
    before.start_acquisition()
    until(is_idle(before))
    before.close()
    for path in [*(world.folder / "raw").iterdir(), *(world.folder / "truth").glob("GRID1*")]:
        path.unlink()
    assert world.microscope().snapshot().acquisition.number == 1


def test_a_number_is_not_given_twice_when_the_memory_was_lost(world: World, until: Until) -> None:
    before = world.microscope(planned_movies=2)
    before.start()
    before.start_acquisition()
    until(is_idle(before))
    before.close()
    (world.folder / "truth" / "microscope.json").unlink()
    assert world.microscope().snapshot().acquisition.number == 2


def test_an_unfinished_acquisition_goes_on_after_a_restart(world: World, until: Until) -> None:
    before = world.microscope(planned_movies=3, cadence_seconds=3600)
    before.start()
    before.start_acquisition()
    until(lambda: before.snapshot().acquisition.phase is Phase.WAITING and before.snapshot().acquisition.done == 1)
    before.close()
    after = world.microscope()
    assert not after.snapshot().acquisition.is_running
    after.start()
    after.start_acquisition()
    until(is_idle(after))
    assert len(movies(world.folder)) == 3


def test_stop_ends_the_wait_for_the_next_movie(world: World, until: Until) -> None:
    microscope = world.microscope(cadence_seconds=3600)
    microscope.start()
    microscope.start_acquisition()
    until(lambda: microscope.snapshot().acquisition.done == 1)
    microscope.stop_acquisition()
    until(is_idle(microscope))
    assert microscope.snapshot().acquisition.message == "Stopped by the operator after 1 of 3 movies."
    assert len(movies(world.folder)) == 1


def test_closing_finishes_the_movie_at_hand(world: World, until: Until) -> None:
    microscope = world.microscope(writing_seconds=600)
    microscope.start()
    microscope.start_acquisition()
    until(lambda: microscope.snapshot().acquisition.frame > 0)
    microscope.close()
    assert len(list((world.folder / "raw").glob("*.mdoc"))) == 1


def test_what_is_dialled_during_a_movie_takes_effect_with_the_next(world: World, until: Until) -> None:
    microscope = world.microscope(writing_seconds=0.2, planned_movies=2)
    microscope.start()
    microscope.start_acquisition()
    until(lambda: microscope.snapshot().acquisition.frame > 0)
    microscope.dial("target_defocus_um", 2.4)
    microscope.dial("frames", 4)
    until(is_idle(microscope))
    dialled = [truth["dials"] for truth in truths(world.folder)]
    assert [(dial["target_defocus_um"], dial["frames"]) for dial in dialled] == [(1.5, 16), (2.4, 4)]


def test_acquisition_stops_before_the_reserve_of_the_disk(world: World, microscope: Microscope, until: Until) -> None:
    world.free_bytes = 1_000_000_000
    microscope.start()
    microscope.start_acquisition()
    until(lambda: bool(microscope.snapshot().acquisition.message))
    message = microscope.snapshot().acquisition.message
    assert message.startswith("Stopped: the disk is full (1.00 GB free, 1.00 GB are kept).")
    assert movies(world.folder) == []


def test_acquisition_goes_on_once_there_is_room_again(world: World, microscope: Microscope, until: Until) -> None:
    world.free_bytes = 0
    microscope.start()
    microscope.start_acquisition()
    until(lambda: bool(microscope.snapshot().acquisition.message))
    world.free_bytes = 10**12
    microscope.start_acquisition()
    until(is_idle(microscope))
    assert len(movies(world.folder)) == 3


def test_a_disk_that_fills_in_the_middle_of_a_movie_is_reported_on_the_screen(
    world: World, microscope: Microscope, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(writer: MovieWriter, movie: Movie, started: datetime) -> Iterator[int]:
        yield 1
        raise DiskFull("The disk is full.", "Free space.") from OSError(errno.ENOSPC, "")

    monkeypatch.setattr(MovieWriter, "pages", full)
    microscope.start()
    microscope.start_acquisition()
    until(is_idle(microscope))
    status = microscope.snapshot().acquisition
    assert status.message.startswith("Stopped: the disk is full, movie 1 is incomplete.")
    assert status.done == 0


def test_a_raw_folder_that_has_vanished_is_no_free_space(world: World) -> None:
    microscope = Microscope(world.settings())
    assert microscope.snapshot().disk_free_bytes > 0
    (world.folder / "raw").rmdir()
    assert microscope.snapshot().disk_free_bytes == 0


def test_a_failing_camera_stops_the_acquisition_but_not_the_microscope(
    world: World, microscope: Microscope, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[int]:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(MovieWriter, "pages", fail)
        microscope.start()
        microscope.start_acquisition()
        until(is_idle(microscope))
    assert "the camera failed (ZeroDivisionError)" in microscope.snapshot().acquisition.message
    microscope.start_acquisition()
    until(is_idle(microscope))
    assert len(movies(world.folder)) == 3


def test_acquisition_does_not_start_without_a_beam(microscope: Microscope) -> None:
    microscope.switch_screen(lifted=False)
    with pytest.raises(NotReady, match="The fluorescent screen is inserted"):
        microscope.start_acquisition()
    assert not microscope.snapshot().acquisition.is_running


def test_closing_the_valves_ends_an_acquisition_before_its_next_movie(world: World, until: Until) -> None:
    microscope = world.microscope(writing_seconds=0.2)
    microscope.start()
    microscope.start_acquisition()
    until(lambda: microscope.snapshot().acquisition.frame > 0)
    microscope.switch_valves(opened=False)
    until(is_idle(microscope))
    assert microscope.snapshot().acquisition.message == "Acquisition stopped. The column valves are closed."
    assert microscope.snapshot().acquisition.done == 1


def test_a_movie_is_the_same_whether_the_microscope_was_restarted_or_not(tmp_path: Path, until: Until) -> None:
    checksums = []
    for name, lives in (("one", (2,)), ("two", (1, 1))):
        world = World(tmp_path / name)
        for planned in lives:
            microscope = world.microscope(planned_movies=planned)
            microscope.start()
            microscope.start_acquisition()
            until(is_idle(microscope))
            microscope.close()
        raw = tmp_path / name / "raw"
        checksums.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(raw.glob("*.tif"))])
    assert checksums[0] == checksums[1]
