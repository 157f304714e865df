"""Files in the raw folder, opened so that whoever may write there can neither hold a reader up nor lead it elsewhere.

A link would show any file that the cloudlet's account can read, and a pipe is waited for until somebody writes to it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cloudlet.errors import CloudletError
from cloudlet.openat import when_not_leased

__all__ = ["NotARegularFile", "opened", "refusing", "size_of"]


class NotARegularFile(OSError):
    """The name stands for a link, a folder, a pipe or a device."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading, at its beginning; what is asked afterwards is asked of this very file.

    Raises
    ------
    NotARegularFile
        It is something else; a link is never followed.
    OSError
        It is not there, or cannot be opened.
    """
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = when_not_leased(lambda: os.open(path, flags))
    except OSError as cause:
        if cause.errno in {errno.ELOOP, errno.ENXIO}:  # a link; a socket, or a device that is not there
            raise NotARegularFile(cause.errno, "it is no regular file") from cause
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotARegularFile(errno.EINVAL, "it is no regular file")
    with os.fdopen(descriptor, "rb") as file:
        yield file


@contextmanager
def refusing(path: Path, refused: Callable[[Path, str], CloudletError]) -> Iterator[None]:
    """Raise what `refused` makes of a file and a reason, where it cannot be read or its content makes no sense.

    The latter is said by a ValueError; reasons go on after "it cannot be used:" or the like, without a full stop.

    Raises
    ------
    FileNotFoundError
        There is no such file: what that means, each reader says itself.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except NotARegularFile as cause:
        raise refused(path, "it is a link, a folder or a device") from cause
    except OSError as cause:
        raise refused(path, cause.strerror or str(cause)) from cause
    except ValueError as cause:
        raise refused(path, str(cause)) from cause


def size_of(file: BinaryIO) -> int:
    """Return how many bytes an open file has."""
    return os.fstat(file.fileno()).st_size
