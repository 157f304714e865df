"""How much memory a piece of work may take, so that a file which claims to be huge costs its own exposure only.

How much that is for an exposure is the setting `analytics.worker_memory_gib`.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["memory_limited"]


@contextmanager
def memory_limited(limit_bytes: int) -> Iterator[None]:
    """Let this whole process write to no more than so much memory of its own while the block lasts.

    Beyond it Python and numpy raise MemoryError. A hard limit that the host has set lower stays in force. Address space
    that is only reserved does not count: a graphics card's driver takes hundreds of gigabytes of it.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (limit_bytes, before) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))
