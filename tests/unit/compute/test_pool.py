"""The pool: a dead or hung worker costs its own task only, and nothing is left behind."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from pathlib import Path

import psutil
import pytest

from cloudlet.compute import Child, ComputeError, LocalPool, TaskTimedOut, WorkerLost, WorkerPlace, worker_place


@pytest.fixture(scope="module")
def pool() -> Iterator[LocalPool]:
    pool = LocalPool(2, task_seconds=20.0, niceness=0)
    yield pool
    pool.shutdown()


def test_it_is_an_executor(pool: LocalPool) -> None:
    assert isinstance(pool, Executor)
    assert pool.workers == 2
    assert list(pool.map(operator.add, range(5), range(5))) == [0, 2, 4, 6, 8]


def test_tasks_run_elsewhere_on_one_thread_each(pool: LocalPool) -> None:
    assert pool.submit(os.getpid).result() != os.getpid()
    assert pool.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"


def test_a_task_knows_its_workers_number_and_how_many_threads_it_may_use() -> None:
    with LocalPool(2, threads=3) as pool:
        places = {pool.submit(worker_place).result() for _ in range(2)}
    assert places <= {WorkerPlace(0, 3), WorkerPlace(1, 3)}
    assert worker_place() == WorkerPlace(0, len(os.sched_getaffinity(0)))


def test_a_worker_is_the_first_to_go_when_memory_runs_out(pool: LocalPool) -> None:
    assert pool.submit(Path.read_text, Path("/proc/self/oom_score_adj")).result() == "1000\n"


def test_a_failed_task_leaves_nothing_in_its_workers_memory() -> None:
    with LocalPool(1) as pool:
        failure = pool.submit(exec, "large = bytearray(b'x') * (300 << 20); 1 / 0", {}).exception()
        assert isinstance(failure, ZeroDivisionError)
        held = pool.submit(eval, "__import__('psutil').Process().memory_info().rss").result()
    assert held < 200 << 20


def test_an_exception_comes_back_with_the_workers_traceback(pool: LocalPool) -> None:
    failure = pool.submit(int, "x").exception()
    assert isinstance(failure, ValueError)
    assert "Traceback" in "".join(failure.__notes__)


def test_an_exit_in_a_task_ends_nothing_else(pool: LocalPool) -> None:
    assert isinstance(pool.submit(sys.exit, 3).exception(), SystemExit)
    assert pool.submit(operator.neg, 1).result() == -1


def test_an_outcome_that_cannot_travel_is_an_error_that_says_so(pool: LocalPool) -> None:
    assert isinstance(pool.submit(eval, "lambda: 0").exception(), ComputeError)


def test_a_call_that_cannot_travel_is_refused_at_once(pool: LocalPool) -> None:
    with pytest.raises((AttributeError, TypeError, ValueError), match=r"pickle|local"):
        pool.submit(lambda: 0)


def test_a_killed_worker_fails_its_own_task_only(pool: LocalPool) -> None:
    futures = [pool.submit(operator.neg, number) for number in range(4)]
    killed = pool.submit(signal.raise_signal, signal.SIGKILL)
    futures += [pool.submit(operator.neg, number) for number in range(4, 8)]
    failure = killed.exception()
    assert isinstance(failure, WorkerLost)
    assert failure.retryable
    assert failure.message == "The worker process was killed by signal 9 before it had finished."
    assert [future.result() for future in futures] == [-number for number in range(8)]


def test_an_idle_worker_that_died_is_replaced_without_a_word(pool: LocalPool) -> None:
    for pid in {pool.submit(os.getpid).result() for _ in range(4)}:
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=0.2)
    assert pool.submit(operator.neg, 1).result() == -1


def test_a_worker_that_cannot_be_started_is_reported_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalPool(1) as pool:
        before = psutil.Process(pool.submit(os.getpid).result())
        before.kill()
        while before.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        monkeypatch.setattr(sys, "executable", "/no/such/python")
        failures = [pool.submit(operator.neg, 1).exception() for _ in range(2)]
    for failure in failures:
        assert isinstance(failure, WorkerLost)
        assert failure.message == "The worker process could not be started."


class Unending(Child):
    """A child that the kernel does not give back."""

    def close(self) -> None:
        super().close()


def test_a_lost_worker_that_cannot_be_ended_is_reported_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudlet.compute.pool.Child", Unending)
    with LocalPool(1) as pool:
        failure = pool.submit(signal.raise_signal, signal.SIGKILL).exception()
    assert isinstance(failure, WorkerLost)
    assert failure.message == "The worker process hangs and could not be ended."


def test_a_hung_task_is_killed_and_its_slot_goes_on() -> None:
    with LocalPool(1, task_seconds=5.0) as pool:
        hung = pool.submit(time.sleep, 60)
        after = pool.submit(operator.neg, 1)
        assert isinstance(hung.exception(), TaskTimedOut)
        assert after.result() == -1


def test_shutdown_finishes_what_was_accepted_and_takes_no_more() -> None:
    pool = LocalPool(1)
    futures = [pool.submit(operator.neg, number) for number in range(3)]
    pool.shutdown()
    assert [future.result() for future in futures] == [0, -1, -2]
    with pytest.raises(RuntimeError):
        pool.submit(operator.neg, 1)


def test_shutdown_can_cancel_what_waits() -> None:
    pool = LocalPool(1)
    first, second = pool.submit(time.sleep, 0.5), pool.submit(operator.neg, 1)
    while not first.running():
        time.sleep(0.01)
    pool.shutdown(cancel_futures=True)
    assert first.exception() is None
    with pytest.raises(CancelledError):
        second.result()


def test_terminate_kills_what_runs_and_leaves_no_process() -> None:
    pool = LocalPool(2)
    pids = {pool.submit(os.getpid).result()}
    running, waiting = [pool.submit(time.sleep, 60) for _ in range(2)], pool.submit(operator.neg, 1)
    while not all(future.running() for future in running):
        time.sleep(0.01)
    pool.terminate()
    pool.terminate()
    assert all(isinstance(future.exception(), WorkerLost) for future in running)
    assert waiting.cancelled()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_pool_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="at least one"):
        LocalPool(0)


PARENT = """
import os, time
from cloudlet.compute import LocalPool
pool = LocalPool(2)
print(*{pool.submit(os.getpid).result() for _ in range(8)}, flush=True)
for _ in range(6):
    pool.submit(time.sleep, 60)
time.sleep(60)
"""


def test_workers_die_with_a_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        parent.kill()
        parent.wait()
        _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []
