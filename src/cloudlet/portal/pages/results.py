"""The state of an instrument's current run, as the pages without live plots show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloudlet.analytics import WAITING, Exposure, Figure, Run, Vitals
from cloudlet.identity import Account
from cloudlet.instruments import InstrumentSession
from cloudlet.portal.services import Services

__all__ = ["RunResults", "latest_results"]

RECENT = 12


@dataclass(frozen=True)
class RunResults:
    """A session with its run's vital signs and newest exposures."""

    session: InstrumentSession
    run: Run | None
    """None until the first look into the session's raw folder."""
    vitals: Vitals | None
    recent: Sequence[Exposure]

    @property
    def vital_figures(self) -> list[Figure]:
        """The few figures that are watched."""
        figures = () if self.run is None else self.run.declaration.figures
        return [figure for figure in figures if figure.is_vital]

    @property
    def waiting(self) -> int:
        """Number of exposures that have no result yet and have not failed."""
        return 0 if self.vitals is None else sum(self.vitals.counts.get(state, 0) for state in WAITING)


def latest_results(services: Services, account: Account, instrument: str) -> RunResults | None:
    """Return the results that `account` may view on `instrument` now; None without a session of theirs."""
    actor = account.actor
    session = services.instruments.current_session(instrument, by=actor)
    if session is None:
        return None
    run = services.runs.run_of_session(session.id, by=actor)
    if run is None:
        return RunResults(session, None, None, ())
    recent = services.runs.exposures(run.id, by=actor, limit=RECENT, newest_first=True)
    return RunResults(session, run, services.runs.vitals(run.id, by=actor), recent)
