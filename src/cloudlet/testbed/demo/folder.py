"""The folder a demo lives in: everything that a second start carries on from."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Self

from cloudlet.errors import CloudletError
from cloudlet.openat import open_beneath, opened_folder

__all__ = ["Addresses", "DemoFolder", "FolderInUse", "FolderNotPrivate", "FolderNotUsable", "FolderOfSomethingElse"]

HOST = "127.0.0.1"
ANOTHER = "Choose another one with --data."
OTHERS = 0o077
"""The permission bits of everybody but the owner."""


class FolderInUse(CloudletError):
    """Another demo runs in this folder."""

    slug = "folder-in-use"


class FolderNotPrivate(CloudletError):
    """Somebody else could have put something into this folder."""

    slug = "folder-not-private"


class FolderNotUsable(CloudletError):
    """The folder cannot be made or written."""

    slug = "folder-not-usable"


class FolderOfSomethingElse(CloudletError):
    """The folder holds something, but no demo."""

    slug = "folder-of-something-else"


@dataclass(frozen=True)
class Addresses:
    """The ports of a demo; the usual ones where they are free."""

    portal: int = 8440
    gateway: int = 8441
    provider: int = 8442
    console: int = 8443

    @property
    def portal_url(self) -> str:
        """Where the pages are served."""
        return f"http://{HOST}:{self.portal}"

    @property
    def provider_url(self) -> str:
        """Where the identity provider is served."""
        return f"http://{HOST}:{self.provider}"

    def listen(self) -> dict[str, socket.socket]:
        """Return a listening socket for each, on another port where the wanted one is taken."""
        return {name: _listen(port) for name, port in asdict(self).items()}


class DemoFolder:
    """Paths, secrets and memory of a demo.

    Parameters
    ----------
    root
        The folder, made when it is missing; a lock in it keeps a second demo out.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.raw = self.root / "raw"
        self.truth = self.root / "truth"
        self.project = self.root / "project"
        self.logs = self.root / "logs"
        self.database = self.root / "cloudlet.db"
        self.settings = self.root / "cloudlet.toml"
        self.testbed = self.root / "testbed.json"
        self._secrets = self.root / "secrets"
        self._memory = self.root / "demo.json"

    @classmethod
    @contextlib.contextmanager
    def opened(cls, root: Path | None) -> Iterator[Self]:
        """Yield the folder at `root`, locked; a temporary one that is removed at the end where there is none.

        Whatever is made meanwhile, here and by the programs that are started, is for its owner only: there are other
        people on many machines.

        Raises
        ------
        FolderInUse
            Another demo runs there.
        FolderNotPrivate
            It is somebody else's, or others may write to it.
        FolderNotUsable
            It cannot be made or written, or is a file.
        FolderOfSomethingElse
            It holds something, but no demo; nothing was changed.
        """
        former = os.umask(OTHERS)
        try:
            with cls._opened(root) as folder:
                yield folder
        finally:
            os.umask(former)

    @classmethod
    @contextlib.contextmanager
    def _opened(cls, root: Path | None) -> Iterator[Self]:
        if root is not None:
            with cls(root).locked() as folder:
                yield folder
            return
        temporary = Path(tempfile.mkdtemp(prefix="cloudlet-demo-"))
        try:
            with cls(temporary).locked() as folder:
                yield folder
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[Self]:
        """Make what is missing of the folder, and keep others out for as long as the block lasts."""
        with self._made() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as cause:
                raise FolderInUse(
                    f"Another demo runs in {self.root}.", "End it, or give this one a folder of its own with --data."
                ) from cause
            yield self

    def _made(self) -> BinaryIO:
        """Make what is missing and return the lock, open."""
        try:
            self._refuse_something_else()
            _make_private(self.root)
            self._refuse_links()
            _make_private(self._secrets)
            for folder in (self.raw, self.truth, self.project, self.logs):
                folder.mkdir(exist_ok=True)
            if not self._memory.exists():
                _write_private(self._memory, "{}")  # by which the next start knows a demo
            with opened_folder(self.root) as root:
                return os.fdopen(open_beneath(root, "lock", os.O_RDWR | os.O_CREAT), "rb")
        except OSError as cause:
            raise FolderNotUsable(
                f"The folder {self.root} cannot be made or written: {cause.strerror}.", ANOTHER
            ) from cause

    def _refuse_something_else(self) -> None:
        if self.root.exists() and not self.root.is_dir():
            raise FolderNotUsable(f"{self.root} is no folder.", ANOTHER)
        if self.root.exists() and any(self.root.iterdir()) and not self._memory.is_file():
            raise FolderOfSomethingElse(
                f"{self.root} holds something, but no demo.", "Choose an empty folder, or a new one, with --data."
            )

    def _refuse_links(self) -> None:
        """Refuse links that were put here before the folder was private; from then on nobody else can."""
        for path in self.root.iterdir():
            if path.is_symlink():
                raise FolderNotPrivate(
                    f"{path} is a link, which no demo makes.", "Remove it, or choose another folder with --data."
                )

    def remember(self, key: str, value: str) -> str:
        """Return what is remembered under `key`, and `value` from now on where nothing was."""
        memory = self._recall()
        if key not in memory:
            _write_private(self._memory, json.dumps(memory | {key: value}, indent=1))
        return str(memory.get(key, value))

    def addresses(self) -> Addresses:
        """Return the ports of the last start, the usual ones at first."""
        ports = self._recall().get("ports")
        return Addresses(**ports) if isinstance(ports, dict) else Addresses()

    def remember_addresses(self, addresses: Addresses) -> None:
        """Prefer these ports at the next start."""
        _write_private(self._memory, json.dumps(self._recall() | {"ports": asdict(addresses)}, indent=1))

    def secret(self, name: str, *, length: int = 32, is_fresh: bool = False) -> Path:
        """Return the file that holds the secret `name`, made when there is none that is ours alone."""
        path = self._secrets / name
        if is_fresh or not _is_private(path):
            _write_private(path, secrets.token_urlsafe(length)[:length])
        return path

    def _recall(self) -> dict[str, object]:
        return json.loads(self._memory.read_text("utf-8")) if self._memory.exists() else {}


def _listen(port: int) -> socket.socket:
    try:
        listener = socket.create_server((HOST, port), backlog=512)
    except OSError:
        listener = socket.create_server((HOST, 0), backlog=512)
    listener.set_inheritable(True)
    return listener


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as cause:
        raise _not_private(folder) from cause
    try:
        found = os.fstat(opened)
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise _not_private(folder)
        os.fchmod(opened, 0o700)
    finally:
        os.close(opened)


def _not_private(folder: Path) -> FolderNotPrivate:
    return FolderNotPrivate(
        f"{folder} is not yours, or others may write to it.",
        "Give the demo another folder with --data. If nobody else has put anything into this one, "
        "`chmod go-w` makes it usable.",
    )


def _is_private(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & OTHERS


def _write_private(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)  # of a demo that was killed; what somebody else has open there stays theirs
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)
