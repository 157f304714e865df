"""Files beneath a folder, opened so that nobody who may write there can lead us elsewhere or hold us up.

Somebody decided on the folder itself, and it may be reached through links. Below it others may write: a name is
resolved from the folder's descriptor, no link is followed on the way or at its end, and what was checked is what is
used, because it is the same descriptor. Mounts below the folder are entered: only an administrator makes them.

Linux resolves a whole name in one call, `openat2(2)`. Where that is missing, or a container forbids it, the name is
walked folder by folder with ``O_NOFOLLOW``; either way refuses the same. Both give `PathRefused`, whose `strerror`
goes on after "it cannot be used:" or the like.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "FileBeneath",
    "PathRefused",
    "checked_size",
    "make_folder",
    "open_beneath",
    "opened_beneath",
    "opened_folder",
    "private_folder",
    "read_beneath",
    "when_not_leased",
]

_OPENAT2 = 437
"""Its number on every architecture that is named here."""
_ARCHITECTURES = frozenset({"x86_64", "aarch64"})
_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08  # linux/openat2.h
_UNAVAILABLE = frozenset({errno.ENOSYS, errno.EPERM})
"""EPERM is what older containers answer to calls they do not know; from a file itself, walking gives it again."""

LEASE_SECONDS = 1.0
LEASE_PAUSE_SECONDS = 0.05

_FOLDER = os.O_PATH | os.O_DIRECTORY
_NO_FILE = "is a folder, a pipe or a device, not a file"


class PathRefused(OSError):
    """A name leads out of its folder, through a link, or to what is no regular file."""


@dataclass(frozen=True)
class FileBeneath:
    """A file by its name beneath a folder; it may be there or not."""

    folder: Path
    """Trusted, and may be reached through links."""
    name: str
    """Relative to it, as ``micrographs/a.mrc``; nothing of it may be a link."""

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}"


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long


@contextmanager
def opened_folder(folder: Path) -> Iterator[int]:
    """Yield the descriptor of a folder that is trusted: to open, make, rename and remove beneath it, not to list it.

    Raises
    ------
    OSError
        It is not there, or no folder.
    """
    descriptor = os.open(folder, _FOLDER | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_beneath(file: FileBeneath, flags: int = os.O_RDONLY, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open a regular file for reading; what is asked afterwards is asked of this very file. A pipe is not waited for.

    Parameters
    ----------
    file
        Which.
    flags, mode
        As for `os.open`: ``O_RDWR | O_CREAT`` makes it where it is missing, and leaves its bytes alone where it is not.

    Raises
    ------
    PathRefused
        It is something else, or a link leads to it.
    OSError
        It is not there, or cannot be opened.
    """
    with opened_folder(file.folder) as folder:
        descriptor = open_beneath(folder, file.name, flags, mode)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PathRefused(errno.EINVAL, f"{file.name} {_NO_FILE}")
    with os.fdopen(descriptor, "rb") as opened:
        yield opened


def read_beneath(file: FileBeneath, most_bytes: int) -> bytes:
    """Return what a regular file holds.

    Parameters
    ----------
    file, most_bytes
        Which, and how much it may hold.

    Raises
    ------
    PathRefused
        It is something else, a link leads to it, or it holds more than it may.
    OSError
        It is not there, or cannot be read.
    """
    with opened_beneath(file) as opened:
        return opened.read(checked_size(file, opened, most_bytes))


def checked_size(file: FileBeneath, opened: BinaryIO, most_bytes: int, *, refuses_hard_links: bool = False) -> int:
    """Return the size of an open file in bytes.

    Parameters
    ----------
    file, opened, most_bytes
        Which, the same opened, and how much it may hold.
    refuses_hard_links
        Whether a file with a second name is refused, which may be the secret of somebody who never put it here.

    Raises
    ------
    PathRefused
        It holds more than it may, or has a second name.
    """
    found = os.fstat(opened.fileno())
    if refuses_hard_links and found.st_nlink > 1:
        raise PathRefused(errno.EMLINK, f"{file.name} has another name elsewhere (a hard link)")
    if found.st_size > most_bytes:
        raise PathRefused(errno.EFBIG, f"{file.name} is larger than {most_bytes >> 20} MiB")
    return found.st_size


def open_beneath(folder: int, name: str, flags: int, mode: int = 0o666, *, in_one_call: bool = True) -> int:
    """Return a descriptor of what `name` stands for beneath a folder; nothing is waited for.

    Parameters
    ----------
    folder
        Its descriptor.
    name
        Relative to it.
    flags, mode
        As for `os.open`.
    in_one_call
        Whether `openat2` may be used.

    Raises
    ------
    PathRefused
        The name leads out of the folder, or a link is part of it.
    OSError
        It is not there, or cannot be opened.
    """
    parts = _parts(name)
    flags |= os.O_CLOEXEC
    if not flags & os.O_PATH:  # which waits for nothing, and takes no other flags
        flags |= os.O_NONBLOCK | os.O_NOCTTY
    try:
        if in_one_call and os.uname().machine in _ARCHITECTURES:
            with suppress(_Unavailable):
                return when_not_leased(lambda: _open_in_one_call(folder, name, flags, mode))
        return when_not_leased(lambda: _open_step_by_step(folder, parts, flags, mode))
    except PathRefused:
        raise
    except OSError as cause:
        if cause.errno == errno.ELOOP or (cause.errno == errno.ENOTDIR and _link_in(folder, parts)):
            raise PathRefused(errno.ELOOP, f"{_link_in(folder, parts) or name} is a link") from cause
        if cause.errno == errno.ENXIO:  # a socket, a pipe without readers, or a device that is not there
            raise PathRefused(errno.ENXIO, f"{name} {_NO_FILE}") from cause
        raise


def make_folder(folder: int, name: str, mode: int = 0o777) -> int:
    """Return a descriptor of the folder called `name` beneath another, as `opened_folder` does; made where missing.

    Raises
    ------
    PathRefused
        The name leads out of the folder, or a link is part of it.
    OSError
        It is no folder, or cannot be made.
    """
    inner = os.dup(folder)
    for part in _parts(name):
        outer = inner
        try:
            with suppress(FileExistsError):
                os.mkdir(part, mode, dir_fd=outer)
            inner = open_beneath(outer, part, _FOLDER)
        finally:
            os.close(outer)
    return inner


@contextmanager
def private_folder(place: FileBeneath) -> Iterator[Path]:
    """Make a new folder that nobody else may write into; it is removed with all that it holds afterwards.

    Folders above it are made where they are missing, and stay.

    What is yielded leads to this folder whatever is put in its place meanwhile. It serves this process, and a child of
    it as the folder to begin in: programs that follow links meet none but their own there.

    Raises
    ------
    PathRefused
        The name leads out of the folder, or a link is part of it.
    OSError
        It is there already, or cannot be made.
    """
    outer_name, _, name = place.name.rpartition("/")
    place.folder.mkdir(parents=True, exist_ok=True)
    with opened_folder(place.folder) as folder:
        outer = make_folder(folder, outer_name) if outer_name else os.dup(folder)
    try:
        os.mkdir(name, 0o700, dir_fd=outer)
        inner = open_beneath(outer, name, _FOLDER)
        try:
            if os.fstat(inner).st_uid != _own_uid(inner):  # only its owner may write into what we have made
                raise PathRefused(errno.EPERM, f"{place.name} is somebody else's")
            yield Path(f"/proc/self/fd/{inner}")
        finally:
            os.close(inner)
            shutil.rmtree(name, ignore_errors=True, dir_fd=outer)
    finally:
        os.close(outer)


def when_not_leased(opening: Callable[[], int]) -> int:
    """Return the descriptor that `opening` gets without waiting, after a lease on the file was given back.

    A file server (Samba with kernel oplocks, NFS delegations) may hold a lease on a file that a client has open. Who
    opens it without waiting gets EAGAIN, and the server is asked to give the lease back, which takes a moment.

    Raises
    ------
    OSError
        Whatever `opening` raises; EAGAIN where the lease still stands after a second.
    """
    give_up_at = time.monotonic() + LEASE_SECONDS
    while True:
        try:
            return opening()
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(LEASE_PAUSE_SECONDS)


def _own_uid(folder: int) -> int:
    """Return who owns what we make in a folder: file servers that map users call us by another number."""
    probe = os.open(".owner", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        return os.fstat(probe).st_uid
    finally:
        os.close(probe)
        os.unlink(".owner", dir_fd=folder)


class _Unavailable(Exception):
    """There is no `openat2` in this kernel or container."""


def _parts(name: str) -> list[str]:
    """Take a name apart.

    Raises
    ------
    PathRefused
        It is empty, absolute, or has parts that are no names of files.
    """
    parts = name.split("/")
    try:
        is_name = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        is_name = False
    if not is_name or any(part in {"", ".", ".."} for part in parts):
        raise PathRefused(errno.EINVAL, f"{name!r} is no name within the folder")
    return parts


def _open_in_one_call(folder: int, name: str, flags: int, mode: int) -> int:
    how = _OpenHow(flags, mode if flags & os.O_CREAT else 0, _BENEATH | _NO_SYMLINKS | _NO_MAGICLINKS)
    path = ctypes.c_char_p(os.fsencode(name))
    while True:
        opened = _syscall(
            ctypes.c_long(_OPENAT2), ctypes.c_int(folder), path, ctypes.byref(how), ctypes.c_size_t(ctypes.sizeof(how))
        )
        if opened >= 0:
            return int(opened)
        number = ctypes.get_errno()
        if number in _UNAVAILABLE:
            raise _Unavailable
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number), name)


def _open_step_by_step(folder: int, parts: list[str], flags: int, mode: int) -> int:
    inner = os.dup(folder)
    for part in parts[:-1]:
        outer = inner
        try:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=outer)
        finally:
            os.close(outer)
    try:
        return os.open(parts[-1], flags | os.O_NOFOLLOW, mode, dir_fd=inner)
    finally:
        os.close(inner)


def _link_in(folder: int, parts: list[str]) -> str | None:
    """Return the first part that is a link now, for the sentence; None where none is any more."""
    for count in range(1, len(parts) + 1):
        name = "/".join(parts[:count])
        with suppress(OSError):
            if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                return name
    return None
