"""Who is at a console and who operates it: one operator at a time, each period on the record.

Theory of operation. Whoever arrives gets a numbered viewer session. It takes control when nobody has it, or when
the same person has it in an older window; the database itself refuses a second open period for one instrument.
While a period lasts, the gateway says every second that it is still there and what its operator may hold, and
hears whether the period still stands: a session without one gets no input through, whatever went wrong. Should the
gateway be killed, its successor finds the open periods, closes them as of that last heartbeat, and learns which
buttons and keys may still be down. A period that is closed keeps nothing of the keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cloudlet.access.events import ConsoleChanged
from cloudlet.access.models import AbandonedConsole, Authorization, ConsoleState, InputTrace, ViewerSession
from cloudlet.access.rules import gets_control
from cloudlet.access.store import ConsoleRow, ControlRow, ViewerRow
from cloudlet.audit import Act, record
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.events import publish
from cloudlet.identity import Actor

__all__ = ["OPENING_SECONDS", "PresenceStore", "state_of"]

OPENING_SECONDS = 5.0
"""How long somebody who opens a console waits for the database."""
RECORD_SECONDS = 1.5
"""How long a record waits for its turn: input is held back after three seconds without one, so that one fits more."""
REACHABILITY_SECONDS = 1.0
"""It is a note on a page; nobody's console waits for it any longer."""
NEWER_WINDOW = "taken over in a newer window"
GATEWAY_LOST = "gateway ended unexpectedly"
GATEWAY_RESTART = Actor.rule("gateway-restart")


class PresenceStore:
    """Who is at which console, as rows; only the gateway writes them.

    Parameters
    ----------
    database
        Where the rows are.
    clock
        Source of the present time.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def arrive(self, authorization: Authorization) -> ViewerSession:
        """Give the person of `authorization` a viewer session, with control where the rules say so."""
        with self._database.write(turn_seconds=OPENING_SECONDS) as work:
            now = self._clock()
            session_id = _add_viewer(work, authorization, now)
            period = _open_period(work, authorization.instrument)
            operator = None if period is None else period.username
            takes = gets_control(authorization.level, authorization.username, operator)
            displaced = period.viewer if takes and period is not None else None
            if takes:
                _hand_over(work, authorization, session_id, period, now)
            publish(work, ConsoleChanged(authorization.instrument))
            return ViewerSession(session_id, takes, displaced)

    def heartbeat(self, session_id: int, trace: InputTrace) -> bool:
        """Record that the viewer session `session_id` is still there, and what its operator may hold.

        Returns
        -------
        bool
            Whether the session has control on the record.
        """
        with self._database.write(turn_seconds=RECORD_SECONDS) as work:
            period = _period_of(work, session_id)
            if period is None:
                return False
            period.last_seen_at = self._clock()
            period.record_trace(trace)
            return True

    def lose_control(self, session_id: int, cause: str) -> None:
        """End the control of the viewer session `session_id`, which goes on observing; nothing where it has none."""
        with self._database.write() as work:
            period = _period_of(work, session_id)
            if period is None:
                return
            _close(work, period, self._clock(), cause)
            publish(work, ConsoleChanged(period.instrument))

    def leave(self, session_id: int, cause: str, at: datetime | None = None) -> None:
        """End the viewer session `session_id`, and its control with it, as of `at`; as of now where it is None."""
        with self._database.write() as work:
            period = _period_of(work, session_id)
            if period is not None:
                _close(work, period, at or self._clock(), cause)
            row = work.get(ViewerRow, session_id)
            if row is not None:
                work.delete(row)
                publish(work, ConsoleChanged(row.instrument))

    def abandoned(self) -> list[AbandonedConsole]:
        """Return the consoles that were being operated when a gateway was killed; this waits for no writer."""
        with self._database.read() as work:
            return _abandoned(_open_periods(work))

    def recover(self) -> list[AbandonedConsole]:
        """Clear up after a gateway that was killed, and return the consoles that were being operated.

        Periods end at the last heartbeat, because nobody knows what happened after it.
        """
        with self._database.write() as work:
            open_periods = _open_periods(work)
            abandoned = _abandoned(open_periods)
            for period in open_periods:
                _close(work, period, period.last_seen_at, GATEWAY_LOST, actor=str(GATEWAY_RESTART))
            left = set(work.scalars(select(ViewerRow.instrument)))
            work.execute(delete(ViewerRow))
            publish(work, *(ConsoleChanged(key) for key in sorted(left)))
            return abandoned

    def note_reachability(self, instrument: str, problem: str | None) -> None:
        """Note how the last try to reach the console went; `problem` is None where it went well."""
        with self._database.write(turn_seconds=REACHABILITY_SECONDS) as work:
            known = work.get(ConsoleRow, instrument)
            changed = known is None or known.problem != problem or known.is_reachable != (problem is None)
            work.merge(
                ConsoleRow(
                    instrument=instrument,
                    is_reachable=problem is None,
                    problem=problem,
                    checked_at=self._clock(),
                )
            )
            if changed:
                publish(work, ConsoleChanged(instrument))


def state_of(work: Session, instrument: str) -> ConsoleState:
    """Return who is at the console of `instrument`, longest there first, and whether it could be reached."""
    period = _open_period(work, instrument)
    rows = work.scalars(select(ViewerRow).where(ViewerRow.instrument == instrument).order_by(ViewerRow.id))
    viewers = [row.as_model(period is not None and row.id == period.viewer) for row in rows]
    console = work.get(ConsoleRow, instrument)
    return ConsoleState(
        instrument=instrument,
        operator=next((viewer for viewer in viewers if viewer.has_control), None),
        observers=tuple(viewer for viewer in viewers if not viewer.has_control),
        is_reachable=None if console is None else console.is_reachable,
        problem=None if console is None else console.problem,
    )


def _add_viewer(work: Session, authorization: Authorization, now: datetime) -> int:
    row = ViewerRow(
        instrument=authorization.instrument,
        username=authorization.username,
        display_name=authorization.display_name,
        since=now,
    )
    work.add(row)
    work.flush()
    return row.id


def _hand_over(
    work: Session, authorization: Authorization, session_id: int, period: ControlRow | None, now: datetime
) -> None:
    if period is not None:
        _close(work, period, now, NEWER_WINDOW)
        work.flush()  # the old period must be closed before the database sees the new one
    work.add(
        ControlRow(
            instrument=authorization.instrument,
            viewer=session_id,
            username=authorization.username,
            since=now,
            last_seen_at=now,
        )
    )
    detail = {"since": now.isoformat(), "level": authorization.level.title}
    record(work, Act(authorization.username, "access.control-taken", authorization.instrument, detail))


def _close(work: Session, period: ControlRow, until: datetime, cause: str, actor: str | None = None) -> None:
    period.until = until
    period.cause = cause
    period.keysyms = []  # what somebody typed is nobody's business once it is let go of
    detail = {
        "operator": period.username,
        "since": period.since.isoformat(),
        "until": until.isoformat(),
        "cause": cause,
    }
    record(work, Act(actor or period.username, "access.control-released", period.instrument, detail))


def _open_period(work: Session, instrument: str) -> ControlRow | None:
    query = select(ControlRow).where(ControlRow.instrument == instrument, ControlRow.until.is_(None))
    return work.scalar(query)


def _open_periods(work: Session) -> list[ControlRow]:
    return list(work.scalars(select(ControlRow).where(ControlRow.until.is_(None))))


def _abandoned(periods: Iterable[ControlRow]) -> list[AbandonedConsole]:
    return [AbandonedConsole(period.instrument, period.trace()) for period in periods]


def _period_of(work: Session, session_id: int) -> ControlRow | None:
    query = select(ControlRow).where(ControlRow.viewer == session_id, ControlRow.until.is_(None))
    return work.scalar(query)
