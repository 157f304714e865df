"""Turns between processes."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cloudlet.cryoem.errors import TurnNotHad
from cloudlet.cryoem.file_lock import file_lock, wait_for

HOLD = """
from cloudlet.cryoem.file_lock import file_lock
print("asks", flush=True)
with file_lock("card"):
    print("has", flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def holder() -> subprocess.Popen[str]:
    """A process that asks for its turn, says when it has it, and keeps it until it gets a line."""
    return subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def reported(process: subprocess.Popen[str]) -> str:
    """What a process prints next."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_one_waits_until_the_other_has_had_its_turn() -> None:
    with file_lock("card"):
        other = holder()
        assert reported(other) == "asks"
        with file_lock("another"):
            pass
        assert not select.select([other.stdout], [], [], 0.5)[0]
    assert reported(other) == "has"
    other.communicate("\n")


def test_a_process_that_dies_gives_its_turn_up() -> None:
    other = holder()
    assert [reported(other), reported(other)] == ["asks", "has"]
    other.kill()
    with file_lock("card"):
        pass
    other.communicate()


def test_a_link_that_somebody_laid_there_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / f"cloudlet-{os.getuid()}-card.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TurnNotHad, match="symbolic link"), file_lock("card"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_what_comes_is_waited_for_and_what_does_not_come_is_given_up() -> None:
    answers = iter([False, False, True])
    assert wait_for(lambda: next(answers))
    assert next(answers, None) is None
    assert not wait_for(lambda: False, patience=0.1)


def test_a_turn_that_does_not_come_is_given_up_with_a_sentence() -> None:
    other = holder()
    assert [reported(other), reported(other)] == ["asks", "has"]
    with pytest.raises(TurnNotHad, match="have kept"), file_lock("card", patience=0.2):
        pass
    other.communicate("\n")


def _open_to_others(path: Path) -> None:
    path.touch()
    path.chmod(0o666)


def _of_another(path: Path) -> None:
    path.touch(0o600)
    os.chown(path, 65534, 65534)


def _with_a_second_name(path: Path) -> None:
    path.touch(0o600)
    path.with_name("second").hardlink_to(path)


def _a_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root, who may give files away")


@pytest.mark.parametrize(
    "lay", [_open_to_others, pytest.param(_of_another, marks=AS_ROOT), _with_a_second_name, _a_pipe]
)
def test_a_lock_that_others_could_hold_is_refused_without_waiting(tmp_path: Path, lay: Callable[[Path], None]) -> None:
    lay(tmp_path / f"cloudlet-{os.getuid()}-card.lock")
    with pytest.raises(TurnNotHad, match="cannot be used"), file_lock("card"):
        pass
