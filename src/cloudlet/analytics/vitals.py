"""How a run is doing, computed from its rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloudlet.analytics.models import ExposureState, Vitals
from cloudlet.analytics.store import ExposureRow

__all__ = ["read_vitals"]

WINDOW = timedelta(minutes=10)


def read_vitals(work: Session, run_id: int, now: datetime) -> Vitals:
    """Return the vitals of a run at the instant `now`."""
    newest = work.scalar(
        select(ExposureRow)
        .where(ExposureRow.run_id == run_id, ExposureRow.state == ExposureState.DONE)
        .order_by(ExposureRow.finished_at.desc(), ExposureRow.id.desc())
        .limit(1)
    )
    return Vitals(
        counts=_counts(work, run_id),
        lag_seconds=_lag_seconds(newest, _waiting_longest(work, run_id), now),
        per_hour=_per_hour(work, run_id, now),
        newest_result_at=None if newest is None else newest.finished_at,
    )


def _counts(work: Session, run_id: int) -> dict[ExposureState, int]:
    query = select(ExposureRow.state, func.count()).where(ExposureRow.run_id == run_id).group_by(ExposureRow.state)
    found = {ExposureState(state): count for state, count in work.execute(query)}
    return {state: found.get(state, 0) for state in ExposureState}


def _waiting_longest(work: Session, run_id: int) -> datetime | None:
    """Return since when the oldest exposure that is complete but not processed has waited."""
    waiting = (ExposureState.QUEUED, ExposureState.RUNNING)
    return work.scalar(
        select(func.min(ExposureRow.waiting_since)).where(ExposureRow.run_id == run_id, ExposureRow.state.in_(waiting))
    )


def _lag_seconds(newest: ExposureRow | None, waiting: datetime | None, now: datetime) -> float | None:
    """Return the newest result's lag, or the longest wait where that is more; never negative.

    The camera's clock may be ahead of ours, and then a file is younger than nothing.
    """
    lags = [] if waiting is None else [now - waiting]
    if newest is not None and newest.finished_at is not None:
        lags.append(newest.finished_at - newest.waiting_since)
    return max(0.0, *(lag.total_seconds() for lag in lags)) if lags else None


def _per_hour(work: Session, run_id: int, now: datetime) -> float | None:
    """Return the rate of results: those after the oldest one of the window, over the time since that one."""
    query = select(func.count(), func.min(ExposureRow.finished_at)).where(
        ExposureRow.run_id == run_id,
        ExposureRow.state == ExposureState.DONE,
        ExposureRow.finished_at > now - WINDOW,
    )
    count, oldest = work.execute(query).one()
    if count < 2 or oldest is None or oldest >= now:
        return None
    return float((count - 1) / ((now - oldest) / timedelta(hours=1)))
