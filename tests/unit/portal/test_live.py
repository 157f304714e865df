import asyncio
from contextlib import aclosing, asynccontextmanager

from cloudlet.access.models import Authorization
from cloudlet.access.presence_store import PresenceStore
from cloudlet.identity import Actor
from cloudlet.instruments import Level
from cloudlet.portal.api.run_feed import RunFeed, follow
from cloudlet.web import Forbidden

TESTER = Actor.host("tester")

ADA = Actor.person("ada")
NEVER = 60.0


@asynccontextmanager
async def following(site, run, *, after=0, authorize=None, pulse_seconds=NEVER):
    feed = RunFeed(site.services, authorize or (lambda: (ADA, site.runs.run(run.id, by=ADA))), after, 100)
    async with (
        asyncio.timeout(10),
        site.services.tail.running(),
        aclosing(follow(feed, site.services.tail, pulse_seconds)) as events,
    ):
        yield events


async def test_a_stream_begins_with_what_is_known_and_the_status(site) -> None:
    run = site.begin_run("ada")
    number = site.measure(run, "one.plate", {"haze": 3})
    async with following(site, run) as events:
        rows, status = await anext(events), await anext(events)
    assert (rows.event, status.event) == ("exposures", "status")
    assert [row["id"] for row in rows.data["exposures"]] == [number]
    assert rows.id == rows.data["exposures"][-1]["change"]
    assert set(status.data) == {"run", "vitals", "console"}


async def test_a_stream_that_starts_behind_a_cursor_repeats_nothing(site) -> None:
    run = site.begin_run("ada")
    site.measure(run, "one.plate", {"haze": 3})
    async with following(site, run, after=site.newest_change(run)) as events:
        assert (await anext(events)).event == "status"


async def test_a_new_result_arrives_by_itself(site) -> None:
    run = site.begin_run("ada")
    async with following(site, run) as events:
        assert (await anext(events)).event == "status"
        number = await asyncio.to_thread(site.measure, run, "one.plate", {"haze": 3})
        states = {}
        while states.get(number) != "done":
            event = await anext(events)
            states |= {row["id"]: row["state"] for row in event.data.get("exposures", ())}


async def test_a_change_of_control_arrives_by_itself(site) -> None:
    run = site.begin_run("ada")
    async with following(site, run) as events:
        await anext(events)
        arrival = Authorization("ada", "Ada Park", "mast", Level.OPERATE, "a")
        await asyncio.to_thread(PresenceStore(site.database, site.clock).arrive, arrival)
        status = await anext(events)
    assert status.data["console"]["operator"]["name"] == "Ada Park"


async def test_a_stream_stops_telling_who_is_there_once_the_grant_is_gone(site) -> None:
    run = site.begin_run("ada")
    async with following(site, run) as events:
        assert (await anext(events)).data["console"]["observers"] == []
        await asyncio.to_thread(site.services.access.revoke, "ada", "mast", by=Actor.host("test"))
        status = await anext(events)
    assert status.data["console"] is None


async def test_without_news_the_status_comes_again_so_that_silence_is_not_taken_for_health(site) -> None:
    run = site.begin_run("ada")
    async with following(site, run, pulse_seconds=0.05) as events:
        assert [(await anext(events)).event for _ in range(3)] == ["status"] * 3


async def test_news_of_another_run_do_not_wake_the_stream(site) -> None:
    run = site.begin_run("ada")
    other = site.begin_run("ben")
    site.measure(other, "other.plate", {"haze": 3})
    async with following(site, run) as events:
        await anext(events)
        await asyncio.to_thread(site.measure, other, "another.plate", {"haze": 3})
        upcoming = asyncio.ensure_future(anext(events))
        done, _ = await asyncio.wait({upcoming}, timeout=0.5)
        assert not done
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)


async def test_a_stream_ends_with_the_reason_when_the_right_is_gone(site) -> None:
    run = site.begin_run("ada")
    is_authorized = [True]

    def authorize():
        if not is_authorized.pop():
            raise Forbidden("Your session has ended.")
        is_authorized.append(False)
        return ADA, run

    async with following(site, run, authorize=authorize, pulse_seconds=0.05) as events:
        reported = [event async for event in events]
    assert reported[-1].event == "denied"
    assert reported[-1].data["message"] == "Your session has ended."
