"""A full card told as Python tells full memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

__all__ = ["telling_full_memory"]

P = ParamSpec("P")
T = TypeVar("T")


def telling_full_memory(work: Callable[P, T]) -> Callable[P, T]:
    """Let a function raise `MemoryError` where the card has no room."""

    @wraps(work)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except torch.OutOfMemoryError as cause:
            raise MemoryError("the graphics card has no room left") from cause

    return told
