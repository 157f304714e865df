"""Waiting for what other processes and threads bring about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["eventually"]

LOOK_SECONDS = 0.1
Value = TypeVar("Value")


def eventually(ask: Callable[[], Value], seconds: float = 20.0, what: str = "") -> Value:
    """Return the first true answer of `ask`; fail with the last one after `seconds`."""
    give_up_at = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < give_up_at, f"not within {seconds:.0f} s: {what or ask} (last: {answer!r})"
        time.sleep(LOOK_SECONDS)
