"""A process pool that loses one task, not all, when a worker dies, and that leaves nothing behind.

Theory of operation: each slot is a thread with one worker process of its own. The thread takes a job, sends it to
its worker and waits. A worker that dies fails this one job with `WorkerLost`, one that takes too long is killed
and fails it with `TaskTimedOut`; either way the slot starts another worker for its next job. The threads live as
long as the pool, because the kernel kills a worker with the thread that started it. (The standard library's
ProcessPoolExecutor fails every pending future when one worker dies, and its workers survive a killed parent.)
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

from cloudlet.compute.child import Child
from cloudlet.compute.errors import TaskTimedOut, WorkerLost
from cloudlet.compute.worker import ONE_THREAD, Raised, WorkerPlace, serve

__all__ = ["LocalPool"]

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_TASK_SECONDS = 600.0
DEFAULT_NICENESS = 5


@dataclass(frozen=True)
class _Job:
    future: Future[Any]
    call: bytes


class LocalPool(Executor):
    """Worker processes on this host behind the interface of `concurrent.futures`.

    Parameters
    ----------
    workers
        How many tasks run at the same time; at least 1.
    task_seconds
        Wall time after which a task counts as hung and its worker is killed.
    niceness
        Added to the workers' scheduling priority, so that pages and consoles are served before tasks.
    threads
        How many threads of its own a task may keep busy; see `cloudlet.compute.worker_place`.

    Raises
    ------
    ValueError
        `workers` is below 1.
    """

    def __init__(
        self,
        workers: int,
        *,
        task_seconds: float = DEFAULT_TASK_SECONDS,
        niceness: int = DEFAULT_NICENESS,
        threads: int = 1,
    ) -> None:
        if workers < 1:
            raise ValueError("a pool needs at least one worker")
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._gate = Lock()
        self._is_open = True
        places = [WorkerPlace(number, threads) for number in range(workers)]
        self._slots = [_Slot(self._jobs, task_seconds, niceness, place) for place in places]
        self._threads = [
            Thread(target=slot.run, name=f"pool-slot-{number}", daemon=True) for number, slot in enumerate(self._slots)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def workers(self) -> int:
        """How many tasks run at the same time."""
        return len(self._slots)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue ``fn(*args, **kwargs)`` for a worker.

        The future fails with what the call raised, with `WorkerLost`, or with `TaskTimedOut`.

        Raises
        ------
        RuntimeError
            The pool was shut down.
        pickle.PicklingError, AttributeError, TypeError
            The call cannot be sent to another process.
        """
        job = _Job(Future(), pickle.dumps((fn, args, kwargs)))
        with self._gate:
            if not self._is_open:
                raise RuntimeError("cannot submit to a pool that was shut down")
            self._jobs.put(job)
        return job.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks and end the workers when those accepted are done.

        With `cancel_futures` those not yet begun are cancelled; with `wait` this returns when no worker is left.
        """
        self._close(cancel=cancel_futures)
        if wait:
            for thread in self._threads:
                thread.join()

    def terminate(self) -> None:
        """Cancel what waits, kill what runs (its futures fail with `WorkerLost`), and leave no worker."""
        self._close(cancel=True)
        for slot in self._slots:
            slot.kill()
        self.shutdown()

    def _close(self, *, cancel: bool) -> None:
        with self._gate:
            was_open, self._is_open = self._is_open, False
            if cancel:
                self._cancel_waiting()
            if was_open or cancel:
                for _ in self._slots:
                    self._jobs.put(None)

    def _cancel_waiting(self) -> None:
        try:
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job.future.cancel()
        except Empty:
            return


class _Slot:
    """One worker process at a time, and what its thread does."""

    def __init__(self, jobs: SimpleQueue[_Job | None], task_seconds: float, niceness: int, place: WorkerPlace) -> None:
        self._jobs = jobs
        self._task_seconds = task_seconds
        self._niceness = niceness
        self._place = place
        self._guard = Lock()
        self._worker: Child | None = None
        self._is_killed = False

    def run(self) -> None:
        """Do jobs until a None asks for the end."""
        try:
            while (job := self._jobs.get()) is not None:
                if job.future.set_running_or_notify_cancel():
                    self._do(job)
        finally:
            if self._worker is not None:
                self._worker.close()

    def kill(self) -> None:
        """End the worker, whatever it does; no other is started."""
        with self._guard:
            self._is_killed = True
            if self._worker is not None:
                self._worker.kill()

    def _do(self, job: _Job) -> None:
        try:
            value = self._outcome(job.call)
        except BaseException as problem:  # noqa: BLE001 - the edge of a task: its owner judges it
            job.future.set_exception(problem)
        else:
            job.future.set_result(value)

    def _outcome(self, call: bytes) -> Any:
        try:
            worker = self._ready_worker()
            worker.channel.send_bytes(call)
            if not worker.channel.poll(self._task_seconds):
                self._discard()
                raise TaskTimedOut(
                    f"It was stopped because it took longer than {self._task_seconds:g} s.",
                    "Retry it when the machine is less busy; if it happens again, look at the file.",
                )
            outcome = worker.channel.recv()
        except (EOFError, OSError) as cause:
            raise self._lost() from cause
        if isinstance(outcome, Raised):
            outcome.exception.add_note(outcome.trace)
            raise outcome.exception
        return outcome.value

    def _ready_worker(self) -> Child:
        with self._guard:
            if self._is_killed:
                raise EOFError
            if self._worker is not None and self._worker.exit_status is not None:
                self._worker.close()
                self._worker = None
            if self._worker is None:
                self._worker = Child(serve, self._niceness, self._place, environment=ONE_THREAD)
            return self._worker

    def _discard(self) -> int | None:
        with self._guard:
            worker, self._worker = self._worker, None
        if worker is None:
            return None
        worker.kill()
        return worker.close()

    def _lost(self) -> WorkerLost:
        has_begun = self._worker is not None
        status = self._discard()
        return WorkerLost(
            _how_it_ended(status) if has_begun else "The worker process could not be started.",
            "It is tried again by itself; where that does not help, look for a lack of memory in the system's log.",
        )


def _how_it_ended(status: int | None) -> str:
    if status is None:
        return "The worker process hangs and could not be ended."
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"The worker process {how} before it had finished."
