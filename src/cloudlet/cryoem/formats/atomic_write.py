"""Products appear whole or not at all: each is written beside its final name and renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cloudlet.cryoem.errors import ProductUnwritable

__all__ = ["atomic_write"]


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` when the block ends well, else remove it.

    The temporary name is unique, so that two workers on the same movie do not meet; what a killed one leaves behind
    begins with a dot and ends in ``.part``. Missing folders are made.

    Raises
    ------
    ProductUnwritable
        The folder cannot be made or written, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as cause:
        raise ProductUnwritable(
            f"{path.name} cannot be written into {path.parent}: {cause.strerror or cause}.",
            "Make room or get the right to write there, then retry.",
        ) from cause
    finally:
        with suppress(OSError):  # the block's own error is the one to be told
            temporary.unlink()
