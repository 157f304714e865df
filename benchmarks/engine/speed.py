"""The whole chain beside RELION's motion correction alone, in CPU seconds of whole process trees."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.engine.movies import make, make_eer
from benchmarks.engine.programs import Cost, decode_seconds, run_engine, run_relion, stage_seconds
from benchmarks.report import FOLDER, Row, keep

__all__ = ["measure", "measure_others"]

TIMES_RELION = {"k3": 10.0, "k2": 12.5}
DECODES, GIGABYTES, TWO_CORES = 2.7, 4.0, 0.9
TIMES_K3 = {"EER": 1.1, "super-resolution": 3.0}
WORK = (FOLDER / "work").absolute()


def measure(camera: str, is_quick: bool) -> Iterator[Row]:
    """Yield the rows of one camera."""
    made = make(camera, "drift", 1.0, 101)
    movies, repeats = (3, 1) if is_quick else (11, 3)
    one, many, peer = list[Cost](), list[Cost](), list[Cost]()
    two, pairs = list[Cost](), list[Cost]()
    for _ in range(repeats):
        one.append(run_engine(made, WORK, movies=1))
        many.append(run_engine(made, WORK, movies=movies))
        keep(f"engine-stages-{camera}", stage_seconds(WORK / "out"))
        peer.append(run_relion(made, WORK / "relion"))
        if camera == "k3":
            two.append(run_engine(made, WORK, movies=2, workers=2))
            pairs.append(run_engine(made, WORK, movies=movies + 1, workers=2))
    decode = decode_seconds(made)
    ours = _a_movie(one, many, movies)
    relion = min(c.cpu_seconds for c in peer)
    yield Row("RELION's motion correction alone", relion, "CPU-s")
    yield Row("one decode by imagecodecs", decode, "CPU-s")
    yield Row("whole chain", ours, "CPU-s")
    yield _at_least("RELION over whole chain", relion / ours, "x", TIMES_RELION[camera])
    yield Row.at_most("whole chain", ours / decode, "decodes", DECODES)
    yield Row.at_most("memory of one task", one[0].most_gigabytes, "GB", GIGABYTES)
    if camera == "k3":
        wall = (min(cost.wall_seconds for cost in pairs) - min(cost.wall_seconds for cost in two)) / (movies - 1)
        yield _at_least("two cores over twice one thread", (1 / wall) / (2 / ours), "", TWO_CORES)


def measure_others(is_quick: bool) -> Iterator[Row]:
    """Yield what EER and super-resolution cost beside K3, which runs in between."""
    kinds = {
        "K3": make("k3", "drift", 1.0, 101),
        "EER": make_eer(),
        "super-resolution": make("superres", "drift", 1.0, 101),
    }
    movies, repeats = (3, 1) if is_quick else (4, 3)
    one: dict[str, list[Cost]] = {name: [] for name in kinds}
    many: dict[str, list[Cost]] = {name: [] for name in kinds}
    for _ in range(repeats):
        for name, made in kinds.items():
            one[name].append(run_engine(made, WORK, movies=1))
            many[name].append(run_engine(made, WORK, movies=movies))
    # of each the least, then the difference: how long the first touch of memory takes varies by seconds
    costs = {name: _a_movie(one[name], many[name], movies) for name in kinds}
    for name, times in TIMES_K3.items():
        yield Row(f"{name}, whole chain", costs[name], "CPU-s")
        yield Row.at_most(f"{name} over K3", costs[name] / costs["K3"], "x", times)
    yield Row("super-resolution, memory of one task", many["super-resolution"][0].most_gigabytes, "GB")


def _a_movie(one: list[Cost], many: list[Cost], movies: int) -> float:
    """Return the CPU seconds that each further movie took."""
    return (min(cost.cpu_seconds for cost in many) - min(cost.cpu_seconds for cost in one)) / (movies - 1)


def _at_least(name: str, value: float, unit: str, limit: float) -> Row:
    return Row(name, value, unit, f"≥ {limit:g}", value >= limit)
