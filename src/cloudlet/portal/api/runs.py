"""A run as JSON: everything at once, what changed since, and live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from cloudlet.analytics import Run
from cloudlet.identity import Actor
from cloudlet.portal.api.run_feed import RunFeed, follow
from cloudlet.portal.api.snapshots import snapshot
from cloudlet.portal.api.stream_limits import StreamLimits
from cloudlet.portal.parameters import Cursor, Number
from cloudlet.portal.schemas import Snapshot
from cloudlet.portal.services import Services
from cloudlet.portal.settings import PortalSettings
from cloudlet.web import event_stream

__all__ = ["run_api"]

STREAMS_EACH = 12
"""Live streams of one person, however often they are signed in: two browsers that open all six connections that they
open over HTTP/1.1."""


def run_api(services: Services, settings: PortalSettings) -> APIRouter:
    """Return the routes under ``/api/runs``; while they serve, the event table is followed."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        async with services.tail.running():
            yield

    router = APIRouter(prefix="/api/runs", tags=["runs"], lifespan=lifespan)
    places = StreamLimits(STREAMS_EACH)

    async def place(request: Request) -> AsyncIterator[None]:
        account = await run_in_threadpool(services.guard.account, request)
        with places.one(account.username):
            yield

    @router.get("/{run_id}/snapshot")
    def read_snapshot(request: Request, run_id: Number, after: Cursor = 0) -> Snapshot:
        """Return the run and the exposures that changed after a cursor."""
        account = services.guard.account(request)
        run = services.runs.run(run_id, by=account.actor)
        return snapshot(services, account.actor, run, after, settings.history_length)

    @router.get("/{run_id}/events", response_class=StreamingResponse, dependencies=[Depends(place)])
    async def stream_events(
        request: Request,
        run_id: Number,
        after: Cursor = 0,
        last_event_id: Annotated[str, Header(max_length=18)] = "",
    ) -> StreamingResponse:
        """Send what changes in the run, starting behind a cursor, until the page goes."""
        session = await run_in_threadpool(services.guard.signed_in, request)

        def authorize() -> tuple[Actor, Run]:
            actor = services.guard.account_now(session.id).actor
            return actor, services.runs.run(run_id, by=actor)

        await run_in_threadpool(authorize)
        cursor = max(after, int(last_event_id)) if last_event_id.isdecimal() else after
        feed = RunFeed(services, authorize, cursor, settings.history_length)
        return event_stream(follow(feed, services.tail, settings.pulse_seconds))

    return router
