"""How the processing of a folder ended, in words and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudlet.analytics import Declaration, Exposure
from cloudlet.cryoem.batch import Batch, Outcome
from cloudlet.escaping import escape_controls

__all__ = ["FAILED", "UNUSABLE", "figures_of", "print_summary"]

FAILED, UNUSABLE = 1, 2
"""Exit statuses: some movies failed or were not finished; the folder cannot be processed."""

_SHOWN_FAILURES = 20


def print_summary(console: Console, outcome: Outcome, batch: Batch, declaration: Declaration) -> int:
    """Print how it ended and return the exit status."""
    if outcome.run.problem is not None:
        problem = outcome.run.problem
        message, remedy = escape_controls(problem.message), escape_controls(problem.remedy)
        console.print(Text.assemble((message, "bold red"), f" {remedy}"), soft_wrap=True)
        return UNUSABLE
    waiting = sum(outcome.counts.values()) - len(outcome.done) - len(outcome.failures) - outcome.gone
    if outcome.done:
        console.print(figures_of(declaration, outcome.done))
    for line in _lines(outcome, waiting, batch.project_folder.absolute()):
        console.print(Text(escape_controls(line)), soft_wrap=True)
    if outcome.failures:
        console.print(_failures(outcome))
    return FAILED if outcome.failures or (waiting and not batch.is_watching) else 0


def figures_of(declaration: Declaration, done: Sequence[Exposure]) -> Table:
    """Return the spread of each figure over the measured movies; one that is the same for all stands once."""
    table = Table("Figure", "10 %", "median", "90 %", "unit", box=None)
    for figure in declaration.figures:
        values = [
            each.results.measurements[figure.key]
            for each in done
            if each.results and figure.key in each.results.measurements
        ]
        if not values:
            continue
        low, middle, high = np.percentile(values, [10, 50, 90])
        spread = ("", "") if low == high else (f"{low:.{figure.digits}f}", f"{high:.{figure.digits}f}")
        table.add_row(figure.title, spread[0], f"{middle:.{figure.digits}f}", spread[1], figure.unit)
    return table


def _lines(outcome: Outcome, waiting: int, out: Path) -> Iterator[str]:
    rest = f", {waiting} not finished" if waiting else ""
    yield f"{len(outcome.done)} done, {len(outcome.failures)} failed{rest}. Results are in {out}"
    if outcome.gone:
        yield f"{outcome.gone} that had failed before are no longer in the raw folder, and were left out."
    if outcome.without_gain:
        yield (
            f"{outcome.without_gain} were taken as gain-corrected: no metadata names a gain reference, nor was --gain "
            "given."
        )


def _failures(outcome: Outcome) -> Table:
    table = Table("Failed movie", "Why, and what to do", box=None)
    for exposure in outcome.failures[:_SHOWN_FAILURES]:
        problem = exposure.problem
        why = f"{problem.message} {problem.remedy}" if problem else ""
        table.add_row(Text(escape_controls(exposure.name)), Text(escape_controls(why)))
    if len(outcome.failures) > _SHOWN_FAILURES:
        table.add_row("...", f"and {len(outcome.failures) - _SHOWN_FAILURES} more")
    return table
