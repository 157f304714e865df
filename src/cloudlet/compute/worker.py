"""What a worker process does: take a call, make it, send back what came of it."""

from __future__ import annotations

import os
import pickle
import traceback
from dataclasses import dataclass
from typing import Any

from cloudlet.compute.child import Channel
from cloudlet.compute.errors import ComputeError

__all__ = ["ONE_THREAD", "Raised", "Returned", "WorkerPlace", "serve", "worker_place"]

ONE_THREAD = dict.fromkeys(
    (
        "BLIS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TIFFFILE_NUM_THREADS",
    ),
    "1",
)
"""Environment that keeps numerical libraries to one thread a worker: the pool is what runs in parallel, and OpenBLAS
reserves 40 MB of address space for each thread it may have."""


@dataclass(frozen=True)
class WorkerPlace:
    """What one task may use of this host."""

    number: int
    """Of the worker among those of its pool, from 0: each takes its own where there are several of a kind of device."""
    threads: int
    """How many threads of its own a task may keep busy."""


def worker_place() -> WorkerPlace:
    """Return the place of this process; one that is no worker may use all cores of its CPU affinity."""
    return _place or WorkerPlace(0, len(os.sched_getaffinity(0)))


_place: WorkerPlace | None = None


@dataclass(frozen=True)
class Returned:
    """The call's value."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """The call's exception, and the worker's traceback as text."""

    exception: BaseException
    trace: str


def serve(channel: Channel, niceness: int, place: WorkerPlace) -> None:
    """Make calls for ever, one at a time; the parent's end of the socket ends it."""
    global _place
    _place = place
    os.nice(niceness)
    while True:
        # kept in no variable: what a failed call had in memory hangs on its exception until that is gone
        channel.send_bytes(_packed(_call(channel.recv_bytes())))


def _call(packed: bytes) -> Returned | Raised:
    try:
        function, arguments, keywords = pickle.loads(packed)  # noqa: S301 - from our own parent
        return Returned(function(*arguments, **keywords))
    except BaseException as problem:  # noqa: BLE001 - the edge of a task: the parent judges it
        return Raised(problem, traceback.format_exc())


def _packed(outcome: Returned | Raised) -> bytes:
    """Pickle `outcome`; one that cannot make the journey becomes an error that says so."""
    try:
        packed = pickle.dumps(outcome)
        pickle.loads(packed)  # noqa: S301 - our own bytes; an exception may pickle and yet not come back
    except Exception:  # noqa: BLE001 - pickling calls code of the task's own objects
        trace = outcome.trace if isinstance(outcome, Raised) else traceback.format_exc()
        lost = ComputeError("The outcome of a task cannot be sent between processes.")
        return pickle.dumps(Raised(lost, trace))
    return packed
