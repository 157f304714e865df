"""Places at a provider: who gets one, who waits, who is refused."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest

from cloudlet.identity.errors import ProviderUnreachable, SignInBusy
from cloudlet.identity.provider_limit import Places, ProviderLimit

PLACES = Places(at_once=4, of_one_sender=2, waiting=3, waiting_of_one_sender=2, wait_seconds=0.2, whole_seconds=5)


class Crowd:
    """Sign-ins that are under way until they are ended."""

    def __init__(self, places: Places = PLACES) -> None:
        self.limit = ProviderLimit("Example", places)
        self.inside: list[str | None] = []

    async def stay(self, sender: str | None, seconds: float = 60) -> None:
        async with self.limit.one(sender):
            self.inside.append(sender)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.inside.remove(sender)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_sender_has_its_share_and_others_have_theirs() -> None:
    crowd = Crowd()
    tasks = [asyncio.create_task(crowd.stay(sender)) for sender in "aaaab"]
    await settle()
    assert sorted(filter(None, crowd.inside)) == ["a", "a", "b"]
    await end(*tasks)


async def test_who_cannot_be_told_apart_may_have_every_place() -> None:
    crowd = Crowd()
    tasks = [asyncio.create_task(crowd.stay(None)) for _ in range(5)]
    await settle()
    assert len(crowd.inside) == 4
    await end(*tasks)


async def test_who_waits_gets_the_next_place_of_those_it_may_have() -> None:
    crowd = Crowd()
    first, *others = [asyncio.create_task(crowd.stay(sender)) for sender in "aabbac"]
    await settle()
    assert sorted(filter(None, crowd.inside)) == ["a", "a", "b", "b"]
    b = others[1]
    await end(b)
    assert sorted(filter(None, crowd.inside)) == ["a", "a", "b", "c"]  # a waits longer, and has its share
    await end(first, *others)


async def test_who_waits_too_long_is_refused_and_leaves_no_trace() -> None:
    crowd = Crowd()
    tasks = [asyncio.create_task(crowd.stay(None)) for _ in range(4)]
    await settle()
    with pytest.raises(SignInBusy):
        await crowd.stay(None)
    await end(*tasks)
    tasks = [asyncio.create_task(crowd.stay(None)) for _ in range(4)]
    await settle()
    assert len(crowd.inside) == 4
    await end(*tasks)


@pytest.mark.parametrize(("inside", "waiting", "sender"), [("aabb", "aa", "a"), ("aabb", "aab", "b")])
async def test_beyond_those_who_may_wait_everybody_is_refused_at_once(inside: str, waiting: str, sender: str) -> None:
    crowd = Crowd()
    tasks = [asyncio.create_task(crowd.stay(each)) for each in inside + waiting]
    await settle()
    async with asyncio.timeout(0.1):
        with pytest.raises(SignInBusy):
            await crowd.stay(sender)
    await end(*tasks)


async def test_a_provider_that_takes_too_long_is_given_up() -> None:
    crowd = Crowd(Places(whole_seconds=0.01))
    with pytest.raises(ProviderUnreachable, match="in time"):
        await crowd.stay("a")
    assert crowd.inside == []


@pytest.mark.parametrize("seed", range(3))
async def test_no_place_is_lost_or_given_twice_however_people_come_and_go(seed: int) -> None:
    dice = random.Random(seed)
    crowd = Crowd(Places(at_once=4, of_one_sender=2, waiting=50, waiting_of_one_sender=50, wait_seconds=0.005))

    async def come_and_go() -> None:
        await asyncio.sleep(dice.uniform(0, 0.3))
        with suppress(SignInBusy, TimeoutError):
            async with asyncio.timeout(dice.uniform(0, 0.02)):
                await crowd.stay(dice.choice(["a", "b", "c", None]), dice.uniform(0, 0.01))

    async def watch() -> None:
        while True:
            assert len(crowd.inside) <= 4
            assert all(crowd.inside.count(sender) <= 2 for sender in "abc")
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(come_and_go() for _ in range(300)))
    assert not watching.done()
    await end(watching)
    tasks = [asyncio.create_task(crowd.stay(sender)) for sender in "aabb"]
    await settle()
    assert len(crowd.inside) == 4
    await end(*tasks)
