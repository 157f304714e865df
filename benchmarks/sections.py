"""Benchmarks in sections: each is measured alone or with the others, and replaces its own rows of the table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.engine.where import where
from benchmarks.report import FOLDER, Row, keep, kept, report

__all__ = ["Section", "measure_sections"]

Section = Callable[[bool], Iterator[Row]]
"""Given whether to be quick, yields what was measured."""


def measure_sections(name: str, sections: Mapping[str, Section], description: str | None) -> int:
    """Measure the sections that the command line names, print the whole table, and return the exit status.

    The rows of each replace its earlier ones in ``build/bench/NAME.json``; ``build/bench/NAME-where.json`` says when
    and on what they were measured.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("sections", nargs="*", choices=[*sections, []], help="by default all")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    chosen = parser.parse_args()
    for section in chosen.sections or sections:
        rows = [*_others(name, section), *_named(section, sections[section](chosen.quick))]
        report(name, rows)
        keep(f"{name}-where", {**(kept(f"{name}-where") or {}), section: where(chosen.quick)})
    return 0 if all(row.ok is not False for row in _rows(name)) else 1


def _named(section: str, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        print(f"{section}: {row.name} = {row.value:.4g} {row.unit}", flush=True)
        yield Row(f"{section}: {row.name}", row.value, row.unit, row.bar, row.ok)


def _others(name: str, section: str) -> list[Row]:
    return [row for row in _rows(name) if not row.name.startswith(f"{section}: ")]


def _rows(name: str) -> list[Row]:
    path = Path(FOLDER / f"{name}.json")
    return [Row(**row) for row in json.loads(path.read_text())] if path.exists() else []
