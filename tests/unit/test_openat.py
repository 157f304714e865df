"""Opening beneath a folder: in one call of the kernel, and step by step, with the same answers."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.swapping import swapping, until_both

from cloudlet.openat import (
    FileBeneath,
    PathRefused,
    make_folder,
    open_beneath,
    opened_beneath,
    opened_folder,
    private_folder,
    read_beneath,
)

NAMES = st.lists(
    st.sampled_from(["..", ".", "", "inside", "link", "a.txt", "secret", "/", "~", "\0", "\ud800", "\udcff"]),
    max_size=5,
)


@pytest.fixture(params=[True, False], ids=["in one call", "step by step"])
def in_one_call(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


Opened = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file and a folder in it, and a secret beside it."""
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    (tmp_path / "folder" / "a.txt").write_text("ours")
    (tmp_path / "folder" / "inside" / "a.txt").write_text("ours")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "a.txt").write_text("secret")
    return tmp_path / "folder"


@pytest.fixture
def opened(folder: Path, in_one_call: bool) -> Opened:
    def open_it(name: str, flags: int = os.O_RDONLY) -> int:
        with opened_folder(folder) as descriptor:
            return open_beneath(descriptor, name, flags, in_one_call=in_one_call)

    return open_it


def content(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


@pytest.mark.parametrize("name", ["a.txt", "inside/a.txt"])
def test_a_file_beneath_is_opened(opened: Opened, name: str) -> None:
    assert content(opened(name)) == b"ours"


def test_the_folder_itself_may_be_reached_through_a_link(folder: Path, in_one_call: bool) -> None:
    link = folder.with_name("link")
    link.symlink_to(folder)
    with opened_folder(link) as descriptor:
        assert content(open_beneath(descriptor, "a.txt", os.O_RDONLY, in_one_call=in_one_call)) == b"ours"


@pytest.mark.parametrize("target", ["../secrets", "inside", "/etc", "/proc/self/cwd"])
def test_a_link_on_the_way_is_refused_wherever_it_leads(folder: Path, opened: Opened, target: str) -> None:
    (folder / "link").symlink_to(target)
    with pytest.raises(PathRefused, match="link is a link"):
        opened("link/a.txt")


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT, os.O_PATH | os.O_DIRECTORY])
@pytest.mark.parametrize("target", ["../secrets/a.txt", "a.txt", "inside", "nowhere"])
def test_a_link_at_the_end_is_refused_wherever_it_leads(folder: Path, opened: Opened, target: str, flags: int) -> None:
    (folder / "inside" / "link").symlink_to(target)
    with pytest.raises(PathRefused, match="inside/link is a link"):
        opened("inside/link", flags)
    assert not (folder / "inside" / "nowhere").exists()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../secrets/a.txt", "inside/../a.txt", "/etc/passwd", "a.txt/", "inside//a.txt", "a\0b"]
)
def test_what_is_no_name_within_the_folder_is_refused(opened: Opened, name: str) -> None:
    with pytest.raises(PathRefused, match="no name within the folder"):
        opened(name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=NAMES)
def test_no_name_leads_out_of_the_folder(folder: Path, opened: Opened, parts: list[str]) -> None:
    if not (folder / "link").is_symlink():
        (folder / "link").symlink_to("../secrets")
    try:
        descriptor = opened("/".join(parts), os.O_RDONLY)
    except OSError:
        return
    place = Path(f"/proc/self/fd/{descriptor}").readlink()
    os.close(descriptor)
    assert place.is_relative_to(folder)


@pytest.mark.parametrize(("name", "number"), [("b.txt", errno.ENOENT), ("a.txt/b", errno.ENOTDIR)])
def test_what_is_not_there_is_no_refusal(opened: Opened, name: str, number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        opened(name)
    assert not isinstance(caught.value, PathRefused)


def test_a_file_made_beneath_is_new_or_keeps_its_bytes(folder: Path, opened: Opened) -> None:
    for name in ("a.txt", "b.txt"):
        os.close(opened(name, os.O_RDWR | os.O_CREAT))
    assert (folder / "a.txt").read_text() == "ours"
    assert (folder / "b.txt").read_text() == ""
    with pytest.raises(FileExistsError):
        opened("b.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL)


def test_descriptors_do_not_reach_other_programs(opened: Opened) -> None:
    descriptor = opened("a.txt")
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_no_descriptor_is_left_open(folder: Path, opened: Opened) -> None:
    (folder / "link").symlink_to("inside")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("link/a.txt", "inside/b.txt", "a.txt/b", "..", "inside/link"):
        with pytest.raises((PathRefused, FileNotFoundError, NotADirectoryError)):
            opened(name)
    os.mkfifo(folder / "pipe")
    with opened_folder(folder) as descriptor:
        os.close(make_folder(descriptor, "inside/deep/deeper"))
        with pytest.raises(PathRefused):
            make_folder(descriptor, "link/deep")
    for name in ("pipe", "inside"):
        with pytest.raises(PathRefused), opened_beneath(FileBeneath(folder, name)):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_kernel_or_container_without_the_call_is_no_hindrance(folder: Path) -> None:
    code = """if True:
        import ctypes, errno, os, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        forbid = b"".join(struct.pack("<HBBI", *each) for each in (
            (0x20, 0, 0, 0),  # the number of the call
            (0x15, 0, 1, 437), (0x06, 0, 0, 0x50000 | int(sys.argv[2])), (0x06, 0, 0, 0x7FFF0000),
        ))
        buffer = ctypes.create_string_buffer(forbid)
        program = ctypes.create_string_buffer(struct.pack("<H6xQ", 4, ctypes.addressof(buffer)))
        assert libc.prctl(38, 1, 0, 0, 0) == 0
        assert libc.prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
        from pathlib import Path
        from cloudlet.openat import FileBeneath, PathRefused, read_beneath
        assert read_beneath(FileBeneath(Path(sys.argv[1]), "inside/a.txt"), 100) == b"ours"
        try:
            read_beneath(FileBeneath(Path(sys.argv[1]), "link/a.txt"), 100)
        except PathRefused:
            print("refused")
    """
    (folder / "link").symlink_to("inside")
    for number in (errno.ENOSYS, errno.EPERM):
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder), str(number)], check=True, capture_output=True, text=True
        )
        assert done.stdout == "refused\n"


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREAT])
@pytest.mark.parametrize("trap", [make_pipe, make_socket, Path.mkdir])
def test_what_is_no_file_is_refused_at_once(folder: Path, trap: Callable[[Path], None], flags: int) -> None:
    trap(folder / "trap")
    begun = time.monotonic()
    with pytest.raises(OSError), opened_beneath(FileBeneath(folder, "trap"), flags):  # noqa: PT011 - a folder is EISDIR
        pytest.fail("it was opened")
    assert time.monotonic() - begun < 10  # else it waits for a writer, for ever


def test_a_file_is_read_up_to_a_limit(folder: Path) -> None:
    assert read_beneath(FileBeneath(folder, "a.txt"), 4) == b"ours"
    with pytest.raises(PathRefused, match="larger"):
        read_beneath(FileBeneath(folder, "a.txt"), 3)


def test_folders_are_made_where_they_are_missing(folder: Path) -> None:
    with opened_folder(folder) as descriptor:
        for _ in range(2):
            os.close(make_folder(descriptor, "inside/deep/deeper"))
        with pytest.raises(NotADirectoryError):
            make_folder(descriptor, "a.txt/deep")
    assert (folder / "inside" / "deep" / "deeper").is_dir()


def test_no_folder_is_made_behind_a_link(folder: Path) -> None:
    (folder / "link").symlink_to("../secrets")
    with opened_folder(folder) as descriptor, pytest.raises(PathRefused, match="link is a link"):
        make_folder(descriptor, "link/deep")
    assert not (folder.parent / "secrets" / "deep").exists()


def test_a_private_folder_stays_the_same_whatever_takes_its_place(folder: Path) -> None:
    with private_folder(FileBeneath(folder, "work/one")) as own:
        assert (folder / "work" / "one").stat().st_mode & 0o777 == 0o700
        (folder / "work" / "one").rename(folder / "away")
        (folder / "work" / "one").symlink_to(folder.parent / "secrets")
        (own / "a.txt").write_text("ours")
        written = subprocess.run(["cat", "a.txt"], cwd=own, check=True, capture_output=True, text=True)
        assert written.stdout == "ours"
    assert (folder.parent / "secrets" / "a.txt").read_text() == "secret"


def test_a_private_folder_is_gone_afterwards(folder: Path) -> None:
    with pytest.raises(RuntimeError), private_folder(FileBeneath(folder, "work/one")) as own:
        (own / "deep").mkdir()
        (own / "deep" / "a.txt").touch()
        raise RuntimeError
    assert not list((folder / "work").iterdir())


def test_a_private_folder_is_a_new_one(folder: Path) -> None:
    with pytest.raises(FileExistsError), private_folder(FileBeneath(folder, "inside")):
        pass
    assert (folder / "inside" / "a.txt").exists()


def test_nothing_is_read_elsewhere_while_somebody_swaps_the_folder_for_a_link(folder: Path, opened: Opened) -> None:
    (folder / "link").symlink_to("../secrets")
    read = set()

    def attempt() -> bool:
        try:
            read.add(content(opened("inside/a.txt")))
        except OSError:
            return False
        return True

    with swapping(folder / "inside", folder / "link"):
        until_both(attempt)
    assert read == {b"ours"}


@pytest.mark.parametrize("is_given_back", [True, False])
def test_a_file_that_a_server_has_a_lease_on_is_opened_once_it_is_given_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_given_back: bool
) -> None:
    """A lease of our own: the kernel asks for it back by a signal, as it asks a file server."""
    monkeypatch.setattr("cloudlet.openat.LEASE_SECONDS", 0.2)
    (folder / "leased").write_text("held")
    holder = os.open(folder / "leased", os.O_RDWR)
    former = signal.signal(
        signal.SIGIO, lambda *_: fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_UNLCK) if is_given_back else None
    )
    try:
        fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        if is_given_back:
            assert read_beneath(FileBeneath(folder, "leased"), 100) == b"held"
        else:
            with pytest.raises(BlockingIOError):
                read_beneath(FileBeneath(folder, "leased"), 100)
    finally:
        os.close(holder)
        signal.signal(signal.SIGIO, former)


def test_a_private_folder_is_ours_where_the_file_server_calls_us_by_another_number(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS does with all_squash, or CIFS with uid=: what we make is not our own by its number."""
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with private_folder(FileBeneath(folder, "work/one")) as own:
        assert not list(own.iterdir())
