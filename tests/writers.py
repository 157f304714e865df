"""Processes that write at once, and one reader that follows behind a cursor."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from cloudlet.audit import verify
from cloudlet.database import Database
from cloudlet.events import latest, read_after

__all__ = ["Outcome", "write_at_once"]

PROGRAM = """
import json, sys
from dataclasses import dataclass
from typing import ClassVar
from sqlalchemy.exc import SQLAlchemyError
from cloudlet.audit import Act, record
from cloudlet.database import Database
from cloudlet.events import Event, publish

@dataclass(frozen=True)
class Wrote(Event):
    kind: ClassVar[str] = "test.wrote"
    number: int

url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
database, failures = Database(url), []
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    try:
        with database.write() as work:
            record(work, Act(name, "test.wrote", name, {"number": number}))
            publish(work, Wrote(name, number=number))
    except SQLAlchemyError as failure:
        failures.append(str(failure))
print(json.dumps(failures), flush=True)
"""
LOOK_SECONDS = 0.002
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Outcome:
    """What became of so many writes."""

    failures: list[str]
    """What writers were told instead of success."""
    seen: list[tuple[str, int]]
    """Writer and number of each event, as the follower came by it."""
    first_bad_record: int | None
    """The audit record that does not follow from the one before it."""
    seconds: float
    """From the common start to the end of the last writer."""


def write_at_once(url: str, *, writers: int, each: int) -> Outcome:
    """Have so many processes write `each` an audit record and an event in one transaction, again and again."""
    database = Database(url)
    command = [sys.executable, "-c", PROGRAM, url]
    processes = [
        subprocess.Popen(
            [*command, f"writer-{number}", str(each)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(writers)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        with database.read() as work:
            follower = _Follower(database, latest(work))
        follower.start()
        began = time.monotonic()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        answers = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in processes]
        seconds = time.monotonic() - began
        follower.end()
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    with database.read() as work:
        first_bad_record = verify(work)
    database.close()
    failures = [failure for answer in answers for failure in json.loads(answer)]
    return Outcome(failures, follower.seen, first_bad_record, seconds)


class _Follower(threading.Thread):
    """Reads what is new again and again, and never looks back."""

    def __init__(self, database: Database, cursor: int) -> None:
        super().__init__()
        self._database = database
        self._cursor = cursor
        self._is_over = threading.Event()
        self.seen: list[tuple[str, int]] = []

    def run(self) -> None:
        while self._look() or not self._is_over.is_set():
            time.sleep(LOOK_SECONDS)

    def end(self) -> None:
        """Let it read what is there, and wait for it."""
        self._is_over.set()
        self.join()

    def _look(self) -> bool:
        with self._database.read() as work:
            news = read_after(work, self._cursor)
        if news:
            self._cursor = news[-1].id
            self.seen += [(each.subject, each.data["number"]) for each in news if each.kind == "test.wrote"]
        return bool(news)
