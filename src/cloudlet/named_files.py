"""Files that settings name: opened once, looked at and read through the same descriptor.

Whether a file may be used is asked of what was opened, not of its path, because a path may lead to something else a
moment later. Links are followed, because hosts and containers hand out secrets by them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from cloudlet.errors import CloudletError
from cloudlet.openat import when_not_leased

__all__ = ["FileUnusable", "check_readable", "read_secret", "unusable_secrets"]

MAX_SECRET_BYTES = 64 * 1024
BYTE_ORDER_MARK = "\ufeff"
TOO_OPEN = stat.S_IRWXO | stat.S_IWGRP
"""Whoever may do this to a secret file knows the secret, or puts another into its place.

Its group may read it: a service with an account of its own reads what root has written, root:GROUP with mode 0640.
"""


class FileUnusable(CloudletError):
    """A file that the settings name cannot be used; the message names it."""

    slug = "file-unusable"


def read_secret(path: Path) -> SecretStr:
    """Return the whole text of the secret file at `path`.

    Raises
    ------
    FileUnusable
        It is missing, not to be read, no file, empty or too large, no text, or others than its owner and its group may
        read it, or others than its owner may write it.
    """
    with _opened(path) as descriptor:
        mode = os.fstat(descriptor).st_mode
        if mode & TOO_OPEN:
            raise FileUnusable(
                f"The secret file {path} is open to others (mode {stat.S_IMODE(mode):04o}).",
                f"Run chmod 600 {path}, or 640 where the service reads it by its group, and replace the secret, which "
                "others may know. Where a container engine mounts it, say there mode=0400, or 0440 with the group.",
            )
        return SecretStr(_text(path, descriptor))


def unusable_secrets(files: Mapping[str, Path]) -> dict[str, FileUnusable]:
    """Return why secret files cannot be used, by what they are called in `files`; empty where all can."""
    problems = {}
    for key, path in files.items():
        try:
            read_secret(path)
        except FileUnusable as problem:
            problems[key] = problem
    return problems


def check_readable(path: Path) -> None:
    """Open the file at `path` as whoever uses it would.

    Raises
    ------
    FileUnusable
        It is missing, not to be read, or no file.
    """
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Yield the descriptor of the regular file at `path`; a pipe is not waited for."""
    try:
        descriptor = when_not_leased(lambda: os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except (OSError, ValueError) as cause:
        why = getattr(cause, "strerror", None) or str(cause)
        raise FileUnusable(f"The file {path} cannot be read: {why}.", "Check its path, and who may read it.") from cause
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileUnusable(f"{path} is no file.", "Name a file.")
        yield descriptor
    finally:
        os.close(descriptor)


def _text(path: Path, descriptor: int) -> str:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        data = file.read(MAX_SECRET_BYTES + 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as cause:
        raise FileUnusable(f"The secret file {path} holds no text.", "Write the secret into it as text.") from cause
    if text.startswith(BYTE_ORDER_MARK):
        raise FileUnusable(
            f"The secret file {path} begins with a byte order mark, which would be part of the secret.",
            "Save it as plain UTF-8 text.",
        )
    if len(data) > MAX_SECRET_BYTES or not text.partition("\n")[0].strip():
        raise FileUnusable(
            f"The secret file {path} is too large, or its first line is empty.", "Write the secret into it, alone."
        )
    return text
