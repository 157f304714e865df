from __future__ import annotations

import asyncio
import time

from cloudlet.processes.http_turns import (
    OWN_UNITS_BURST,
    SECOND_UNITS_BURST,
    SECOND_UNITS_PER_SECOND,
    Allowance,
    HttpTurns,
)

UNITS = 1000


class Flooder:
    """Asks again after each turn, for ever."""

    def __init__(self, turns: HttpTurns, taken: list[Flooder], units: int = UNITS) -> None:
        self._turns = turns
        self._taken = taken
        self._units = units
        self.allowance = Allowance()
        self.is_done = False

    def take_turn(self) -> int:
        self._taken.append(self)
        if not self.is_done:
            self.ask()
        return self._units

    def ask(self) -> None:
        self._turns.ask(self, self.allowance)


def flooders(count: int) -> tuple[HttpTurns, list[Flooder], list[Flooder]]:
    """Return some that have spent their allowance, and who had turns."""
    turns = HttpTurns(asyncio.get_running_loop())
    taken: list[Flooder] = []
    made = [Flooder(turns, taken) for _ in range(count)]
    for each in made:
        each.allowance.spend(2 * OWN_UNITS_BURST, asyncio.get_running_loop().time())
        each.ask()
    return turns, made, taken


async def test_a_flood_gets_what_the_second_budget_gives_and_all_get_the_same() -> None:
    _, made, taken = flooders(3)
    began = time.monotonic()
    await asyncio.sleep(1.0)
    took = time.monotonic() - began
    for each in made:
        each.is_done = True
    most = (SECOND_UNITS_BURST + took * SECOND_UNITS_PER_SECOND) / UNITS + 1
    assert 0.5 * most < len(taken) <= most
    counts = [taken.count(each) for each in made]
    assert max(counts) - min(counts) <= 1


async def test_whoever_sends_little_passes_a_flood() -> None:
    turns, made, taken = flooders(100)
    await asyncio.sleep(0.05)  # the second budget is spent
    before = len(taken)
    quiet = Flooder(turns, taken)
    quiet.is_done = True
    quiet.ask()
    while quiet not in taken:  # noqa: ASYNC110 - whoever has turns is no task that could be awaited
        await asyncio.sleep(0.001)
    assert quiet in taken[before : before + 3]
    for each in made:
        each.is_done = True


async def test_one_turn_is_given_in_each_round_of_the_loop() -> None:
    turns = HttpTurns(asyncio.get_running_loop())
    taken: list[Flooder] = []
    made = [Flooder(turns, taken, units=1) for _ in range(50)]
    for each in made:
        each.is_done = True
        each.ask()
    rounds = 0
    while len(taken) < len(made):
        had = len(taken)
        await asyncio.sleep(0)
        rounds += 1
        assert len(taken) - had <= 1
    assert taken == made


async def test_a_taker_that_fails_does_not_stop_the_others() -> None:
    turns = HttpTurns(asyncio.get_running_loop())
    taken: list[Flooder] = []
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context["exception"]))

    class Broken:
        def take_turn(self) -> int:
            raise ValueError

    turns.ask(Broken(), Allowance())
    good = Flooder(turns, taken)
    good.is_done = True
    good.ask()
    await asyncio.sleep(0.05)
    assert taken == [good]
    assert len(failures) == 1
