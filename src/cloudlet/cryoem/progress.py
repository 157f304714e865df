"""The bar that grows while a folder is processed, with its rate and how long the rest will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cloudlet.analytics import ExposureState
from cloudlet.cryoem.batch import Counts

__all__ = ["Pace", "growing_bar"]


@dataclass
class Pace:
    """How fast movies are done, over this whole call."""

    clock: Callable[[], float] = monotonic
    _began: float | None = field(default=None, init=False)
    _before: int = field(default=0, init=False)

    def describe(self, settled: int, total: int) -> str:
        """Return the rate and the time left in words, empty until the first movie has come out.

        Parameters
        ----------
        settled
            Movies that are done or failed by now.
        total
            Movies that are known.
        """
        now = self.clock()
        if self._began is None:
            self._began, self._before = now, settled
        done, seconds = settled - self._before, now - self._began
        if done < 1 or seconds <= 0:
            return ""
        left = (total - settled) * seconds / done
        return f"{3600 * done / seconds:,.0f} an hour" + (f", {_duration(left)} left" if left else "")


@contextmanager
def growing_bar(console: Console) -> Iterator[Callable[[Counts], None]]:
    """Show a bar while the block runs; what is yielded is called with the number of movies by state."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    pace = Pace()
    with Progress(SpinnerColumn(), *columns, TextColumn("{task.fields[pace]}"), console=console) as progress:
        task = progress.add_task("Looking for movies", total=None, pace="")

        def show(counts: Counts) -> None:
            done, failed = counts.get(ExposureState.DONE, 0), counts.get(ExposureState.FAILED, 0)
            total = sum(counts.values())
            if total:
                description = f"Movies, {failed} failed" if failed else "Movies"
                describe = pace.describe(done + failed, total)
                progress.update(task, description=description, total=total, completed=done + failed, pace=describe)

        yield show


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
