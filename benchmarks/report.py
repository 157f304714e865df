"""What every benchmark ends with: a table to read and a file to compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["FOLDER", "Row", "keep", "kept", "report"]

FOLDER = Path("build/bench")


@dataclass(frozen=True)
class Row:
    """One measured value and the bar it has to pass."""

    name: str
    value: float
    unit: str
    bar: str = ""
    """The bar in words; empty where the value is told for itself."""
    ok: bool | None = None
    """Whether the bar is passed; None without a bar."""

    @property
    def text(self) -> str:
        """The value to three digits, large ones without an exponent."""
        return f"{self.value:.0f}" if self.value >= 1000 else f"{self.value:.3g}"

    @classmethod
    def at_most(cls, name: str, value: float, unit: str, limit: float) -> Row:
        """Return a row whose value must not exceed `limit`."""
        return cls(name, value, unit, f"≤ {limit:g}", value <= limit)


def report(name: str, rows: Sequence[Row]) -> bool:
    """Print `rows`, write ``build/bench/NAME.json``, and tell whether every bar is passed."""
    table = Table("what", "value", "unit", "bar", "", title=name)
    for row in rows:
        mark = {None: "", True: "[green]passed[/]", False: "[red]missed[/]"}[row.ok]
        table.add_row(row.name, row.text, row.unit, row.bar, mark)
    Console().print(table)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False))
    return all(row.ok is not False for row in rows)


def keep(name: str, items: Any) -> None:
    """Write what rows were summed up from to ``build/bench/NAME.json``, for whoever draws it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(items, indent=1))


def kept(name: str) -> Any:
    """Return what was kept under a name, None where nothing was."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None
