"""Programs of others: how they end, and that nothing of them is left when they are not wanted any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.patience import eventually

from cloudlet.cryoem.errors import ProgramTimedOut
from cloudlet.cryoem.external import relion_motion
from cloudlet.cryoem.external.program import CannotRun, TookTooLong, run_program

FAMILY = "sleep 300 & echo $$ $! > pids.new; mv pids.new pids; wait"
"""A program that starts another one, and says the numbers of both."""


def family(folder: Path) -> list[int]:
    eventually((folder / "pids").exists)
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def are_gone(pids: list[int]) -> bool:
    return all(map(is_gone, pids))


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("pwd; exit 0", 0),
        ("echo no >&2; exit 3", 3),
        ("kill -SEGV $$", 128 + signal.SIGSEGV),
    ],
)
def test_a_program_runs_in_its_folder_and_its_status_and_last_words_are_returned(
    tmp_path: Path, script: str, ended: int
) -> None:
    found = run_program(["sh", "-c", script], tmp_path, 60)
    assert found.status == ended
    assert found.said_last in {f"{tmp_path}\n".encode(), b"no\n", b""}


def test_of_much_output_the_end_is_returned(tmp_path: Path) -> None:
    found = run_program(["sh", "-c", "yes | head -c 1000000; printf end"], tmp_path, 60)
    assert found.status == 0
    assert found.said_last.endswith(b"y\ny\nend")
    assert len(found.said_last) == 4096


@pytest.mark.parametrize("name", ["no-such-program", "a-text"])
def test_what_cannot_be_run_is_told_from_what_fails(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-text").write_text("no program")
    with pytest.raises(CannotRun, match=r"No such file|Permission denied"):
        run_program([name if name == "no-such-program" else str(tmp_path / name)], tmp_path, 60)


def test_a_program_that_takes_too_long_is_ended_with_all_it_has_started(tmp_path: Path) -> None:
    with pytest.raises(TookTooLong):
        run_program(["sh", "-c", FAMILY], tmp_path, 0.8)
    eventually(lambda: are_gone(family(tmp_path)))


def test_what_a_program_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    assert run_program(["sh", "-c", FAMILY.replace("; wait", "")], tmp_path, 60).status == 0
    eventually(lambda: are_gone(family(tmp_path)))


@pytest.mark.parametrize("victim", ["the process that wants it", "its supervisor"])
def test_a_program_ends_when_either_process_above_it_is_killed(tmp_path: Path, victim: str) -> None:
    code = f"""
import sys
from pathlib import Path
from cloudlet.cryoem.external.program import run_program
run_program(["sh", "-c", {FAMILY!r}], Path({str(tmp_path)!r}), 300)
"""
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        program, other = family(tmp_path)
        supervisor = psutil.Process(program).ppid()
        os.kill(parent.pid if victim == "the process that wants it" else supervisor, signal.SIGKILL)
        eventually(lambda: are_gone([program]))
        if victim == "its supervisor":  # then nobody is left who knows what the program has started
            os.kill(other, signal.SIGKILL)
        eventually(lambda: are_gone([program, other]))
        parent.wait(20)


@pytest.mark.parametrize("seconds", [0.8, 60])
def test_what_left_the_programs_group_is_ended_too(tmp_path: Path, seconds: float) -> None:
    script = (
        "setsid sh -c 'sleep 300 & echo $$ $! > pids.new; mv pids.new pids; wait' & while ! test -e pids; do :; done"
    )
    with suppress(TookTooLong):
        run_program(["sh", "-c", f"{script}; {'sleep 300' if seconds < 1 else 'exit 0'}"], tmp_path, seconds)
    assert are_gone(family(tmp_path))


def test_output_without_end_fills_neither_disk_nor_memory(tmp_path: Path) -> None:
    with pytest.raises(TookTooLong):
        run_program(["yes"], tmp_path, 0.5)
    assert list(tmp_path.iterdir()) == []


def test_programs_are_run_from_threads_side_by_side(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda number: run_program(["sh", "-c", f"echo {number}"], tmp_path, 60), range(4)))
    assert [each.said_last for each in ended] == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_relion_that_takes_too_long_is_reported_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProgramTimedOut, match=r"longer than 0\.5 s") as reported:
        relion_motion._run(["sleep", "300"], tmp_path, 0.5)
    assert reported.value.retryable
    assert "relion_motion_seconds" in reported.value.remedy
