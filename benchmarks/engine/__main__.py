"""``make bench NAME=engine ARGS="..."``: the table of what the engine must reach.

Sections are chosen by name, by default all; what each of them finds replaces its earlier rows in
``build/bench/engine.json``, and ``build/bench/engine-where.json`` says when and on what. Movies come from
the second simulator and are kept in ``build/bench/movies``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.engine import accuracy, card, ctf, decoding, dose, picking, speed
from benchmarks.engine.where import where
from benchmarks.report import FOLDER, Row, keep, kept, report

SECTIONS: dict[str, Callable[[bool], Iterator[Row]]] = {
    "decode": decoding.measure,
    "k3": lambda is_quick: speed.measure("k3", is_quick),
    "k2": lambda is_quick: speed.measure("k2", is_quick),
    "others": speed.measure_others,
    "motion": accuracy.measure_path,
    "local": accuracy.measure_field,
    "gain": accuracy.measure_gain,
    "ctf": ctf.measure,
    "krios": ctf.measure_krios,
    "dose": dose.measure,
    "picking": picking.measure,
    "card": card.measure,
}


def main() -> int:
    """Measure the chosen sections and print the whole table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="by default all")
    parser.add_argument("--quick", action="store_true", help="fewer movies, seeds and repetitions")
    chosen = parser.parse_args()
    for section in chosen.sections or SECTIONS:
        rows = [*_others(section), *_named(section, SECTIONS[section](chosen.quick))]
        report("engine", rows)
        keep("engine-where", {**(kept("engine-where") or {}), section: where(chosen.quick)})
    return 0 if all(row.ok is not False for row in _rows()) else 1


def _named(section: str, rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        print(f"{section}: {row.name} = {row.value:.4g} {row.unit}", flush=True)
        yield Row(f"{section}: {row.name}", row.value, row.unit, row.bar, row.ok)


def _others(section: str) -> list[Row]:
    return [row for row in _rows() if not row.name.startswith(f"{section}: ")]


def _rows() -> list[Row]:
    path = Path(FOLDER / "engine.json")
    return [Row(**row) for row in json.loads(path.read_text())] if path.exists() else []


if __name__ == "__main__":
    sys.exit(main())
