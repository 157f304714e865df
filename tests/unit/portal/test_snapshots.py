import pytest

from cloudlet.identity import Actor
from cloudlet.portal.api import snapshots


@pytest.fixture
def ask(browser):
    async def asked(path, person="ada"):
        async with browser(person) as client:
            answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked


async def test_the_first_snapshot_holds_everything_a_page_needs(site, ask) -> None:
    run = site.begin_run("ada")
    number = site.measure(run, "one.plate", {"haze": 3.44})
    reported = await ask(f"/api/runs/{run.id}/snapshot")
    assert reported["declaration"]["exposures"] == "plates"
    assert reported["vitals"]["counts"] == {"arriving": 0, "queued": 0, "running": 0, "done": 1, "failed": 0}
    (row,) = reported["exposures"]
    assert row["values"] == {"haze": 3.44}
    assert row["images"]["plate"].startswith(f"/exposures/{number}/images/plate?v=")
    assert reported["cursor"] == row["change"]


async def test_folders_are_not_reported(site, ask) -> None:
    run = site.begin_run("ada")
    site.measure(run, "one.plate", {"haze": 3.44})
    assert str(site.folder) not in str(await ask(f"/api/runs/{run.id}/snapshot"))


async def test_a_cursor_gets_only_what_changed_since(site, ask) -> None:
    run = site.begin_run("ada")
    site.measure(run, "one.plate", {"haze": 3})
    first = await ask(f"/api/runs/{run.id}/snapshot")
    assert (await ask(f"/api/runs/{run.id}/snapshot?after={first['cursor']}"))["exposures"] == []
    failed = site.fail(run, "two.plate")
    site.runs.retry(failed, by=Actor.host("ada"))
    (row,) = (await ask(f"/api/runs/{run.id}/snapshot?after={first['cursor']}"))["exposures"]
    assert (row["id"], row["state"]) == (failed, "queued")


async def test_following_cursors_misses_nothing_however_small_the_batches(site, ask, monkeypatch) -> None:
    monkeypatch.setattr(snapshots, "BATCH", 2)
    run = site.begin_run("ada")
    numbers = {site.measure(run, f"{number}.plate", {"haze": number}) for number in range(7)}
    cursor, seen, is_complete = 1, set(), False
    while not is_complete:
        reported = await ask(f"/api/runs/{run.id}/snapshot?after={cursor}")
        assert reported["cursor"] > cursor or reported["is_complete"]
        seen |= {row["id"] for row in reported["exposures"]}
        cursor, is_complete = reported["cursor"], reported["is_complete"]
    assert seen == numbers


async def test_a_first_snapshot_is_cut_to_the_newest(site, clock, ask) -> None:
    object.__setattr__(site.settings, "history_length", 3)
    run = site.begin_run("ada")
    names = [f"{minute}.plate" for minute in range(6)]
    for minute, name in enumerate(names):
        site.measure(run, name, {"haze": 3}, clock.now.replace(minute=minute))
    reported = await ask(f"/api/runs/{run.id}/snapshot")
    assert [row["name"] for row in reported["exposures"]] == names[-3:]


async def test_retry_answers_with_the_exposure_queued(site, browser) -> None:
    number = site.fail(site.begin_run("ada"), "two.plate")
    async with browser("ada") as client:
        answer = await client.post(f"/api/exposures/{number}/retry")
    assert answer.json()["state"] == "queued"
    assert answer.json()["problem"] is None


async def test_an_instrument_names_the_run_of_ones_own_session(site, ask) -> None:
    assert (await ask("/api/instruments/mast"))["run"] is None
    run = site.begin_run("ada")
    (listed,) = await ask("/api/instruments")
    assert listed["run"] == run.id
    assert listed["console"] == {"operator": None, "observers": [], "is_reachable": None, "problem": None}
