"""Reports printed for people, or written for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudlet.cryoem.inspection.inspect import inspected
from cloudlet.cryoem.inspection.report import Report, shown
from cloudlet.errors import CloudletError
from cloudlet.escaping import escape_controls

__all__ = ["print_reports"]

FINE, DEPARTS, UNUSABLE = 0, 1, 2
"""Exit statuses."""


def print_reports(console: Console, files: Sequence[Path], *, as_json: bool) -> int:
    """Inspect files, print what is found, and return the exit status: that of the worst of them."""
    reports = {path: _report(path) for path in files}
    if as_json:
        records = [{"file": str(path), **asdict(report)} for path, report in reports.items()]
        console.file.write(json.dumps(records, indent=1) + "\n")
    else:
        for path, report in reports.items():
            _print_report(console, path, report)
    return max(_status(report) for report in reports.values())


def _report(path: Path) -> Report:
    try:
        return inspected(path)
    except CloudletError as cause:
        return Report("nothing that is known", problem=shown(f"{cause.message} {cause.remedy}"))


def _status(report: Report) -> int:
    return UNUSABLE if report.problem else DEPARTS if report.departures else FINE


def _print_report(console: Console, path: Path, report: Report) -> None:
    console.print(Text.assemble((shown(path), "bold"), f": {report.kind}"), soft_wrap=True)
    if report.facts:
        table = Table(box=None, show_header=False)
        for name, value in report.facts:
            table.add_row(Text(name), Text(value))
        console.print(table)
    for sentence in report.departures:
        console.print(Text.assemble(("  ! ", "yellow"), sentence), soft_wrap=True)
    if report.problem:
        problem = escape_controls(report.problem)
        console.print(Text.assemble(("  It cannot be used. ", "red"), problem), soft_wrap=True)
