"""What can go wrong with a task through no fault of its own."""

from __future__ import annotations

from cloudlet.errors import CloudletError

__all__ = ["ComputeError", "TaskTimedOut", "WorkerLost"]


class ComputeError(CloudletError):
    """The place where a task ran failed, not the task."""

    slug = "compute"


class WorkerLost(ComputeError):
    """The worker process ended in the middle of a task: killed, out of memory, or crashed."""

    slug = "worker-lost"
    retryable = True


class TaskTimedOut(ComputeError):
    """A task ran longer than it may, and its worker was killed."""

    slug = "task-timed-out"
