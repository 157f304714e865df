"""What people meet while another process holds the one place from which all write."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from tests.unit.portal.weather import HandClock, Site

from cloudlet.database import Database

TURN_SECONDS = 0.3


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """One that gives up soon."""
    database = Database(database_url, turn_seconds=TURN_SECONDS)
    yield database
    database.close()


@contextmanager
def somebody_else_writes(url: str) -> Iterator[None]:
    """Hold the writers' place for as long as the block lasts."""
    other = Database(url)
    with other.write():
        yield
    other.close()


async def test_pages_that_only_read_are_answered_at_once_though_their_use_is_to_be_noted(
    browser, site: Site, clock: HandClock, database_url: str
) -> None:
    async with browser("ada") as client:
        clock.now += timedelta(minutes=2)
        with somebody_else_writes(database_url):
            begun = time.monotonic()
            for address in ("/", "/instruments/mast", "/api/instruments", "/api/instruments/mast"):
                assert (await client.get(address)).status_code == 200, address
            assert time.monotonic() - begun < 10.0  # the writer goes on for as long as this block


async def test_what_must_write_is_answered_with_a_sentence_and_when_to_try_again(browser, database_url: str) -> None:
    async with browser("ada") as client:
        with somebody_else_writes(database_url):
            begun = time.monotonic()
            refused = await client.post("/api/instruments/mast/ticket")
            assert time.monotonic() - begun < TURN_SECONDS + 2.0
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert refused.json() == {
            "slug": "database-busy",
            "message": "The database is busy, so that nothing can be written at this moment.",
            "remedy": "Try again in a minute.",
            "retryable": True,
        }
        assert (await client.post("/api/instruments/mast/ticket")).status_code == 200


async def test_a_page_says_that_the_database_is_busy(browser, site: Site, database_url: str) -> None:
    exposure = site.fail(site.begin_run("ada"), "b.plate")
    async with browser("ada") as client:
        with somebody_else_writes(database_url):
            refused = await client.post(f"/exposures/{exposure}/retry")
    assert refused.status_code == 503
    assert "The database is busy" in refused.text
    assert "retry-after" in refused.headers
