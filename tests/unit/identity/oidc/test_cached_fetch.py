from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cloudlet.identity.errors import ProviderUnreachable, Refusal, SignInRefused
from cloudlet.identity.oidc.cached_fetch import CachedFetch


class Source:
    """Counts how often it is asked, and fails when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return self.asked


DOWN = ProviderUnreachable("It does not answer.", "Wait.")


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def kept(source: Source, clock: Any) -> CachedFetch[int]:
    return CachedFetch(source, clock)


async def test_fresh_answer_is_used_for_an_hour(kept: CachedFetch[int], source: Source, clock: Any) -> None:
    assert await kept.get() == 1
    clock.advance(minutes=59)
    assert await kept.get() == 1
    clock.advance(minutes=1)
    assert await kept.get() == 2
    assert source.asked == 2


async def test_aged_answer_serves_a_day_while_the_provider_is_down(
    kept: CachedFetch[int], source: Source, clock: Any
) -> None:
    await kept.get()
    source.error = DOWN
    clock.advance(hours=23, minutes=59)
    assert await kept.get() == 1
    clock.advance(minutes=1)
    with pytest.raises(ProviderUnreachable):
        await kept.get()


async def test_provider_that_is_down_is_asked_every_five_seconds_at_most(
    kept: CachedFetch[int], source: Source, clock: Any
) -> None:
    source.error = DOWN
    for _ in range(10):
        with pytest.raises(ProviderUnreachable, match="does not answer"):
            await kept.get()
    assert source.asked == 1
    source.error = None
    clock.advance(seconds=5)
    assert await kept.get() == 2


async def test_renewal_is_asked_for_once_in_five_seconds(kept: CachedFetch[int], source: Source, clock: Any) -> None:
    assert await kept.get() == 1
    assert [await kept.renewed() for _ in range(5)] == [2] * 5
    clock.advance(seconds=5)
    assert await kept.renewed() == 3


async def test_renewal_falls_back_to_what_is_kept(kept: CachedFetch[int], source: Source) -> None:
    await kept.get()
    source.error = DOWN
    assert await kept.renewed() == 1


async def test_untrusted_answer_is_never_papered_over_with_an_old_one(
    kept: CachedFetch[int], source: Source, clock: Any
) -> None:
    await kept.get()
    source.error = SignInRefused(Refusal.WRONG_DISCOVERY)
    clock.advance(hours=2)
    with pytest.raises(SignInRefused):
        await kept.get()


async def test_those_who_come_while_it_is_fetched_wait_for_the_same_fetch(
    kept: CachedFetch[int], source: Source
) -> None:
    source.may_answer.clear()
    waiting = [asyncio.ensure_future(kept.get()) for _ in range(5)]
    await asyncio.sleep(0)
    source.may_answer.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    assert source.asked == 1


async def test_who_has_something_usable_does_not_wait_for_a_slow_provider(
    kept: CachedFetch[int], source: Source, clock: Any
) -> None:
    await kept.get()
    clock.advance(hours=2)
    source.may_answer.clear()
    first = asyncio.ensure_future(kept.get())
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        assert [await kept.get() for _ in range(3)] == [1] * 3
    source.may_answer.set()
    assert await first == 2


async def test_keys_being_renewed_are_waited_for_by_all_who_need_new_ones(
    kept: CachedFetch[int], source: Source
) -> None:
    await kept.get()
    source.may_answer.clear()
    waiting = [asyncio.ensure_future(kept.renewed()) for _ in range(3)]
    await asyncio.sleep(0)
    source.may_answer.set()
    assert await asyncio.gather(*waiting) == [2] * 3
    assert source.asked == 2


async def test_who_gives_up_ends_the_fetch_for_nobody_else(kept: CachedFetch[int], source: Source) -> None:
    source.may_answer.clear()
    impatient, patient = asyncio.ensure_future(kept.get()), asyncio.ensure_future(kept.get())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    source.may_answer.set()
    assert await patient == 1
    assert impatient.cancelled()


async def test_a_fetch_that_fails_when_nobody_waits_any_more_is_no_complaint(
    kept: CachedFetch[int], source: Source, clock: Any, recwarn: Any
) -> None:
    source.may_answer.clear()
    source.error = DOWN
    impatient = asyncio.ensure_future(kept.get())
    await asyncio.sleep(0)
    impatient.cancel()
    source.may_answer.set()
    await asyncio.sleep(0.01)
    source.error = None
    clock.advance(seconds=5)
    assert await kept.get() == 2
