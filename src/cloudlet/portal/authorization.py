"""Who sees what: the services decide, and a refusal becomes the error that pages and API show.

An instrument that does not exist and one that may not be seen are refused alike, so that nobody learns which
instruments there are by guessing.
"""

from __future__ import annotations

from cloudlet.access import ConsoleState
from cloudlet.analytics import Exposure, Run
from cloudlet.identity import Account, Decision
from cloudlet.instruments import Instrument, InstrumentSession, may_retry, may_view_results
from cloudlet.portal.services import Services
from cloudlet.web import Forbidden, NotFound

__all__ = [
    "current_session",
    "may_retry_in",
    "retriable_exposure",
    "visible_console",
    "visible_exposure",
    "visible_instrument",
    "visible_run",
]

ASK = "Ask the instrument's administrator for access."


def visible_instrument(services: Services, account: Account, key: str) -> Instrument:
    """Return the instrument called `key`.

    Raises
    ------
    cloudlet.web.Forbidden
        There is none, or `account` may not see it.
    """
    decision = services.access.may_see(account.username, key)
    instrument = services.instruments.get(key) if decision else None
    if instrument is None:
        raise Forbidden(decision.reason if not decision else "There is no such instrument.", ASK)
    return instrument


def visible_console(services: Services, account: Account, instrument: str) -> ConsoleState | None:
    """Return who is at the console of `instrument`, None where `account` may not see the instrument (any more).

    Results stay visible to the people of a session when their time at the instrument is over; who is there now does
    not.
    """
    if not services.access.may_see(account.username, instrument):
        return None
    return services.access.console_state(instrument)


def current_session(services: Services, account: Account, instrument: str) -> InstrumentSession | None:
    """Return the newest current session on `instrument` whose results `account` may view, None without one."""
    sessions = services.instruments.current_sessions(instrument)
    return next((session for session in sessions if may_view_results(account.username, session)), None)


def visible_run(services: Services, account: Account, run_id: int) -> Run:
    """Return the run numbered `run_id`.

    Raises
    ------
    cloudlet.web.NotFound
        There is none.
    cloudlet.web.Forbidden
        `account` is not among the people of its session.
    """
    run = services.runs.run(run_id)
    if run is None:
        raise NotFound("There is no such run.", "Start from the instrument's page.")
    decision = may_view_results(account.username, _session_of(services, run))
    if not decision:
        raise Forbidden(decision.reason, ASK)
    return run


def visible_exposure(services: Services, account: Account, exposure_id: int) -> tuple[Run, Exposure]:
    """Return an exposure and its run.

    Raises
    ------
    cloudlet.web.NotFound
        There is none.
    cloudlet.web.Forbidden
        `account` is not among the people of its session.
    """
    exposure = services.runs.exposure(exposure_id)
    if exposure is None:
        raise NotFound("There is no such exposure.", "Start from the instrument's page.")
    return visible_run(services, account, exposure.run_id), exposure


def may_retry_in(services: Services, account: Account, run: Run) -> Decision:
    """Decide whether `account` may have failed exposures of `run` tried again."""
    return may_retry(account.username, _session_of(services, run))


def retriable_exposure(services: Services, account: Account, exposure_id: int) -> Exposure:
    """Return an exposure that `account` may have tried again, should it have failed.

    Raises
    ------
    cloudlet.web.NotFound
        There is none.
    cloudlet.web.Forbidden
        `account` may not see it, or may not have it tried again.
    """
    run, exposure = visible_exposure(services, account, exposure_id)
    decision = may_retry_in(services, account, run)
    if not decision:
        raise Forbidden(decision.reason, ASK)
    return exposure


def _session_of(services: Services, run: Run) -> InstrumentSession | None:
    return None if run.session_id is None else services.instruments.session(run.session_id)
