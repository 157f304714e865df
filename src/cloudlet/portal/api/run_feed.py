"""A run, live.

Theory of operation: a feed knows what its page has seen (a cursor) and reads what changed since, so nothing
is lost however often the connection breaks. News of the event table only tell *when* to look; several within a
moment are answered together. Where no news come, the page gets its status every few seconds all the same: lag
grows while nothing happens, and silence would look like health. At each look the person's rights are asked
again; a stream ends with the reason when they are gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from cloudlet.access import ConsoleChanged, GrantChanged
from cloudlet.analytics import ExposureStateChanged, Run, RunChanged
from cloudlet.errors import CloudletError
from cloudlet.events import EventsMissed, Listener, StoredEvent, Tail
from cloudlet.identity import Actor
from cloudlet.portal.api.snapshots import changed_exposures
from cloudlet.portal.schemas import ConsoleSchema, RunSchema, VitalsSchema
from cloudlet.portal.services import Services
from cloudlet.web import ServerEvent, problem_of

__all__ = ["RunFeed", "follow"]

GATHER_SECONDS = 0.2
RUN_NEWS = {ExposureStateChanged.kind, RunChanged.kind}
CONSOLE_NEWS = {ConsoleChanged.kind, GrantChanged.kind}


class RunFeed:
    """What one page has not seen yet of one run.

    Parameters
    ----------
    services
        What is asked.
    authorize
        Returns who looks, and the run, while they may see it; raises `CloudletError` from then on.
    cursor
        Number of the last change the page knows.
    history_length
        Exposures sent to a page that knows none.
    """

    def __init__(
        self, services: Services, authorize: Callable[[], tuple[Actor, Run]], cursor: int, history_length: int
    ) -> None:
        self._services = services
        self._authorize = authorize
        self._cursor = cursor
        self._history_length = history_length
        self._run: Run | None = None

    def concerns(self, news: StoredEvent) -> bool:
        """Return whether `news` may have changed what the page shows."""
        if self._run is None:
            return True
        if news.kind in RUN_NEWS:
            return news.subject == str(self._run.id)
        return news.kind in CONSOLE_NEWS and news.subject == self._run.instrument

    def look(self) -> list[ServerEvent]:
        """Return what is new: changed exposures, then the status; blocks on the database.

        Raises
        ------
        CloudletError
            The person may not see the run any more.
        """
        actor, self._run = self._authorize()
        return [*self._exposures(actor, self._run), self._status(actor, self._run)]

    def _exposures(self, actor: Actor, run: Run) -> list[ServerEvent]:
        events = []
        is_complete = False
        while not is_complete:
            changed, is_complete = changed_exposures(self._services, actor, run.id, self._cursor, self._history_length)
            if changed:
                self._cursor = changed[-1].change
                rows = [schema.model_dump(mode="json") for schema in changed]
                events.append(ServerEvent(self._cursor, "exposures", {"exposures": rows}))
        return events

    def _status(self, actor: Actor, run: Run) -> ServerEvent:
        vitals = VitalsSchema.of(self._services.runs.vitals(run.id, by=actor), self._services.clock())
        console = ConsoleSchema.visible(self._services.access.console_state(run.instrument, by=actor))
        status = {
            "run": RunSchema.of(run).model_dump(mode="json"),
            "vitals": vitals.model_dump(mode="json"),
            "console": console and console.model_dump(mode="json"),
        }
        return ServerEvent(None, "status", status)


async def follow(feed: RunFeed, tail: Tail, pulse_seconds: float) -> AsyncGenerator[ServerEvent, None]:
    """Yield what is new for `feed`, at once, with each piece of news, and every `pulse_seconds`."""
    with tail.listen() as listener:
        while True:
            try:
                events = await asyncio.to_thread(feed.look)
            except CloudletError as refusal:
                yield ServerEvent(None, "denied", problem_of(refusal))
                return
            for event in events:
                yield event
            await _news(feed, listener, pulse_seconds)


async def _news(feed: RunFeed, listener: Listener, pulse_seconds: float) -> None:
    try:
        async with asyncio.timeout(pulse_seconds):
            while not feed.concerns(await listener.next()):
                pass
        async with asyncio.timeout(GATHER_SECONDS):
            while True:
                await listener.next()
    except (TimeoutError, EventsMissed):
        return
