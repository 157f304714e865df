"""Eight processes that write at once, and one that follows: what is lost, what fails, and how fast it goes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.postgresql import running_server
from tests.writers import write_at_once

from benchmarks.report import Row
from cloudlet.migrations import upgrade

__all__ = ["measure"]

WRITERS = 8
EVENTS, QUICK_EVENTS = 10_000, 800


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield the losses and failures of both databases; PostgreSQL's commits reach the disk as in service."""
    with tempfile.TemporaryDirectory() as folder, running_server(is_durable=True) as server:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'writers.db'}", "PostgreSQL": server.make("writers")}
        for name, url in urls.items():
            upgrade(url)
            yield from _rows(name, url, (QUICK_EVENTS if is_quick else EVENTS) // WRITERS)


def _rows(name: str, url: str, each: int) -> Iterator[Row]:
    outcome = write_at_once(url, writers=WRITERS, each=each)
    total = WRITERS * each
    print(f"{name}: first failures: {outcome.failures[:3]}" if outcome.failures else f"{name}: no failure")
    lost = total - len(outcome.failures) - len(set(outcome.seen))
    yield Row.at_most(f"{name}, events lost of {total}", lost, "events", 0)
    yield Row.at_most(f"{name}, events seen twice", len(outcome.seen) - len(set(outcome.seen)), "events", 0)
    yield Row.at_most(f"{name}, writes failed", len(outcome.failures), "writes", 0)
    broken = 0 if outcome.first_bad_record is None else 1
    yield Row.at_most(f"{name}, breaks in the audit chain", broken, "records", 0)
    yield Row(f"{name}, transactions with an event and an audit record", total / outcome.seconds, "1/s")
