"""Gain references and defects are kept for a session, each under its own name only."""

from __future__ import annotations

from pathlib import Path

from cloudlet.cryoem.calibration import _Last


def test_a_file_is_read_once_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    gain, reads = tmp_path / "gain.mrc", []
    gain.write_text("one")

    def read(path: Path, shape: tuple[int, int]) -> str:
        reads.append(path)
        return path.read_text()

    last = _Last(read)
    assert [last.read(gain, (1, 1)) for _ in range(3)] == ["one"] * 3
    assert len(reads) == 1
    (tmp_path / "other").write_text("two")
    (tmp_path / "other").replace(gain)
    assert last.read(gain, (1, 1)) == "two"


def test_what_was_read_of_another_file_meanwhile_is_not_kept_for_this_one(tmp_path: Path) -> None:
    gain, other = tmp_path / "gain.mrc", tmp_path / "other"
    gain.write_text("ours")
    other.write_text("theirs")

    def swap() -> None:
        gain.rename(tmp_path / "aside")
        other.rename(gain)
        (tmp_path / "aside").rename(other)

    def read_during_a_swap(path: Path, shape: tuple[int, int]) -> str:
        swap()
        content = path.read_text()
        swap()
        return content

    last = _Last(read_during_a_swap)
    assert last.read(gain, (1, 1)) == "theirs"
    last._read = lambda path, shape: path.read_text()
    assert last.read(gain, (1, 1)) == "ours"
