"""Decoders on one thread, beside imagecodecs on the same bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import imagecodecs
import numpy as np

from benchmarks.report import Row
from benchmarks.simulator.eer import encode_events
from cloudlet.cryoem.formats.eer_events import SOURCE_MARGIN, EventCode, add_events
from cloudlet.cryoem.formats.lzw import LzwScratch

__all__ = ["measure"]

LZW_TIMES, EER_TIMES = 1.7, 4.0
ROWS, COLUMNS, STRIP = 4092, 5760, 46
SIDE, DENSITY = 4096, 0.03


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield how much faster both decoders are."""
    repeats = 2 if is_quick else 7
    own, theirs = _lzw(repeats)
    size = ROWS * COLUMNS / 1e6
    yield Row("LZW, own", size / own, "MB/s")
    yield Row("LZW, imagecodecs", size / theirs, "MB/s")
    yield Row("LZW", theirs / own, "x", f"≥ {LZW_TIMES:g}", theirs / own >= LZW_TIMES)
    own, theirs, events = _eer(repeats)
    yield Row("EER, own", events / own / 1e6, "M events/s")
    yield Row("EER, imagecodecs", events / theirs / 1e6, "M events/s")
    yield Row("EER", theirs / own, "x", f"≥ {EER_TIMES:g}", theirs / own >= EER_TIMES)


def _lzw(repeats: int) -> tuple[float, float]:
    frame = np.random.default_rng(0).poisson(0.86, (ROWS, COLUMNS)).astype(np.uint8)
    wanted = STRIP * COLUMNS
    strips = [imagecodecs.lzw_encode(frame[row : row + STRIP].tobytes()) for row in range(0, ROWS - STRIP + 1, STRIP)]
    scratch = LzwScratch(max(map(len, strips)), wanted)

    def own() -> None:
        for strip in strips:
            scratch.source[: len(strip)] = np.frombuffer(strip, np.uint8)
            scratch.decode(len(strip), wanted)

    def theirs() -> None:
        for strip in strips:
            imagecodecs.lzw_decode(strip, out=wanted)

    return _best(own, repeats), _best(theirs, repeats)


def _eer(repeats: int) -> tuple[float, float, int]:
    rng = np.random.default_rng(0)
    pixels = np.flatnonzero(rng.random(SIDE * SIDE, np.float32) < DENSITY)
    raw = encode_events(pixels, rng.integers(0, 16, len(pixels)), SIDE * SIDE)
    source, image = np.frombuffer(raw + bytes(SOURCE_MARGIN), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    code = EventCode(7, 2, 2)
    own = _best(lambda: add_events(source, len(raw), code, (SIDE, SIDE), 1, image), repeats)
    theirs = _best(lambda: imagecodecs.eer_decode(raw, (SIDE, SIDE), 7, 2, 2, out=image), repeats)
    return own, theirs, len(pixels)


def _best(work: Callable[[], object], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)
