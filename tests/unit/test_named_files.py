"""Which files may hold a secret, and which may be named at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloudlet.named_files import FileUnusable, check_readable, read_secret


def secret_file(folder: Path, mode: int, data: bytes = b"s3cret\n") -> Path:
    path = folder / "secret"
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_secret_that_owner_and_group_alone_can_read_is_read(tmp_path: Path, mode: int) -> None:
    assert read_secret(secret_file(tmp_path, mode)).get_secret_value() == "s3cret\n"


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o601, 0o660, 0o620, 0o777])
def test_secret_that_others_know_or_change_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, mode)
    with pytest.raises(FileUnusable, match=f"{path} is open to others.*chmod 600") as refused:
        read_secret(path)
    assert "s3cret" not in str(refused.value)


def test_secret_behind_a_link_is_judged_by_the_file_that_the_link_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(secret_file(tmp_path, 0o600))
    assert read_secret(link).get_secret_value() == "s3cret\n"
    secret_file(tmp_path, 0o644)
    with pytest.raises(FileUnusable, match="open to others"):
        read_secret(link)


@pytest.mark.parametrize("data", [b"", b" \n", b"\nsecret\n", b"\xef\xbb\xbfsecret\n", b"\xff\xfe", b"a" * 70_000])
def test_secret_that_cannot_be_one_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FileUnusable):
        read_secret(secret_file(tmp_path, 0o600, data))


@pytest.mark.parametrize("read", [read_secret, check_readable])
def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path, read: object) -> None:
    assert callable(read)
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder", "missing", "nul\0"):
        with pytest.raises(FileUnusable):
            read(tmp_path / name)


def test_file_that_is_no_secret_may_be_open_to_all(tmp_path: Path) -> None:
    check_readable(secret_file(tmp_path, 0o644))
