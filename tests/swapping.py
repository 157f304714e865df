"""Another process that swaps two names as fast as it can: what an attacker does between a check and a use."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["swapping", "until_both"]

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fs.h


@contextmanager
def swapping(one: Path, other: Path) -> Iterator[None]:
    """Swap two names again and again while the block lasts; both are there at every moment."""
    process = subprocess.Popen([sys.executable, __file__, str(one), str(other)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()  # the first swap
        yield
        assert process.poll() is None, "it stopped swapping"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def until_both(attempt: Callable[[], bool], tries: int = 400, seconds: float = 20.0) -> None:
    """Make so many attempts, and more until some succeeded and some were refused: only then was there a swap between.

    On a busy machine the other process may not have its turn for a while.
    """
    give_up_at = time.monotonic() + seconds
    seen: set[bool] = set()
    while tries > 0 or len(seen) < 2:
        seen.add(attempt())
        tries -= 1
        assert time.monotonic() < give_up_at, f"every attempt ended alike: {seen}"


def _swap_for_ever(one: bytes, other: bytes) -> None:
    exchange = ctypes.CDLL(None, use_errno=True).renameat2
    parent = os.getppid()
    swaps = 0
    while os.getppid() == parent:
        if exchange(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        swaps += 1
        if swaps == 1:
            os.write(1, b"\n")


if __name__ == "__main__":
    _swap_for_ever(*map(os.fsencode, sys.argv[1:]))
