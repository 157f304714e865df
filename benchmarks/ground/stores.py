"""How much longer the tests of rows take on PostgreSQL than on SQLite."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.report import Row

__all__ = ["measure"]

STORES = (
    "database/test_units_of_work.py",
    "events/test_events.py",
    "events/test_pruning.py",
    "audit",
    "identity/test_sessions.py",
    "instruments",
    "access/test_service.py",
    "access/test_presence_store.py",
    "analytics/test_ledger.py",
    "analytics/test_service.py",
    "portal/test_snapshots.py",
)
KINDS = ("sqlite", "postgresql")
ROUNDS, QUICK_ROUNDS = 5, 1


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield the ratio of the wall times, set-up and tear-down included, at the median of several rounds.

    Each round is one run of pytest, in which the tests of both databases come in a mixed order of its own.
    """
    rounds = [_seconds(number) for number in range(1, 1 + (QUICK_ROUNDS if is_quick else ROUNDS))]
    for kind in KINDS:
        yield Row(f"store tests on {kind}", statistics.median(each[kind] for each in rounds), "s")
    ratio = statistics.median(each["postgresql"] / each["sqlite"] for each in rounds)
    yield Row.at_most("store tests on PostgreSQL against SQLite", ratio, "x", 3)


def _seconds(seed: int) -> dict[str, float]:
    """Return the seconds that the tests of each kind of database took together."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        paths = [f"tests/unit/{store}" for store in STORES]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--randomly-seed={seed}"]
        subprocess.run([*command, f"--junitxml={report}", *paths], check=True)
        cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - our own file
        times = [(case.attrib["name"], float(case.attrib["time"])) for case in cases]
    return {kind: sum(time for name, time in times if f"[{kind}" in name) for kind in KINDS}
