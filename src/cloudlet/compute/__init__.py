"""Research computing: executors behind the `concurrent.futures` interface; for now a pool on this host."""

from cloudlet.compute.child import Channel, Child, die_with_parent
from cloudlet.compute.errors import ComputeError, TaskTimedOut, WorkerLost
from cloudlet.compute.memory import memory_limited
from cloudlet.compute.pool import LocalPool
from cloudlet.compute.settings import ComputeSettings
from cloudlet.compute.worker import ONE_THREAD, WorkerPlace, worker_place

__all__ = [
    "ONE_THREAD",
    "Channel",
    "Child",
    "ComputeError",
    "ComputeSettings",
    "LocalPool",
    "TaskTimedOut",
    "WorkerLost",
    "WorkerPlace",
    "die_with_parent",
    "memory_limited",
    "worker_place",
]
