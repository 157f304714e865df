"""Threads from which the gateway asks its database, so that who waits to write keeps nobody from reading.

Theory of operation. Reading never waits for a writer; writing waits for every other writer, those of other processes
too. In one pool of threads the waiting would soon be all there is. So rights are read from threads of their own; the
record of what operators hold, on which their input depends, has others; and what is left waits in a third pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

__all__ = ["DatabaseThreads"]

READERS, RECORDERS, WRITERS = 4, 4, 8

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class DatabaseThreads:
    """The three pools of one gateway; threads are made as they are needed."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(READERS, "reads")
        self._recorders = ThreadPoolExecutor(RECORDERS, "records")
        self._writers = ThreadPoolExecutor(WRITERS, "writes")

    async def read(
        self, ask: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> _Result:
        """Return what `ask`, which only reads, returns."""
        return await _run(self._readers, partial(ask, *args, **kwargs))

    async def record(
        self, put: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> _Result:
        """Return what `put`, which records what an operator holds, returns."""
        return await _run(self._recorders, partial(put, *args, **kwargs))

    async def write(
        self, change: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> _Result:
        """Return what `change`, which writes anything else, returns."""
        return await _run(self._writers, partial(change, *args, **kwargs))


async def _run(pool: Executor, call: Callable[[], _Result]) -> _Result:
    return await asyncio.get_running_loop().run_in_executor(pool, call)
