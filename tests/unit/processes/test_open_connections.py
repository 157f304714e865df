from __future__ import annotations

from dataclasses import dataclass

from cloudlet.processes.open_connections import OpenConnections


@dataclass(eq=False)
class One:
    is_idle: bool = True


def opened(most: int = 10, most_each: int = 4) -> OpenConnections[One]:
    return OpenConnections(most, most_each)


def test_an_address_with_too_many_gives_up_the_one_idle_longest() -> None:
    connections = opened()
    first, *others = (One() for _ in range(4))
    for each in (first, *others):
        assert connections.add(each, "a") is None
    connections.touch(first, "a")
    assert connections.add(One(), "a") is others[0]
    assert connections.add(One(), "b") is None
    assert len(connections) == 5


def test_a_newcomer_is_refused_where_all_others_of_its_address_are_busy() -> None:
    connections = opened()
    for _ in range(4):
        connections.add(One(is_idle=False), "a")
    newcomer = One()
    assert connections.add(newcomer, "a") is newcomer
    assert connections.add(One(), "b") is None


def test_loopback_may_have_all_places() -> None:
    connections = opened()
    first = One()
    connections.add(first, None)
    assert all(connections.add(One(), None) is None for _ in range(9))
    assert connections.add(One(), None) is first


def test_where_all_places_are_taken_the_address_with_most_gives_one_up() -> None:
    connections = opened(most=6, most_each=4)
    single, *many = One(), One(is_idle=False), One(), One(), One()
    connections.add(single, "b")
    for each in many:
        connections.add(each, "a")
    assert connections.add(One(), "c") is None
    assert connections.add(One(), "d") is many[1]


def test_a_newcomer_is_refused_where_all_are_busy() -> None:
    connections = opened(most=2)
    for origin in ("a", "b"):
        connections.add(One(is_idle=False), origin)
    newcomer = One()
    assert connections.add(newcomer, "c") is newcomer
    connections.discard(newcomer, "c")
    assert len(connections) == 2
