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
FRAMES = 29
"""Raw frames of a fraction, of which 40 have 50 e/Å² at 0.83 Å a pixel."""


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield how much faster both decoders are."""
    repeats = 3 if is_quick else 21
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

    return _best(own, theirs, repeats)


def _eer(repeats: int) -> tuple[float, float, int]:
    rng = np.random.default_rng(0)
    frames, events = [], 0
    for _ in range(FRAMES):
        pixels = np.flatnonzero(rng.random(SIDE * SIDE, np.float32) < DENSITY)
        frames.append(encode_events(pixels, rng.integers(0, 16, len(pixels)), SIDE * SIDE))
        events += len(pixels)
    source, image = np.frombuffer(b"".join(frames) + bytes(SOURCE_MARGIN), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    code, sizes = EventCode(7, 2, 2), [len(frame) for frame in frames]

    def own() -> None:
        add_events(source, sizes, code, (SIDE, SIDE), 1, image)

    def theirs() -> None:
        for frame in frames:
            imagecodecs.eer_decode(frame, (SIDE, SIDE), 7, 2, 2, out=image)

    return *_best(own, theirs, repeats), events


def _best(own: Callable[[], object], theirs: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the CPU seconds that each takes at best, run by turns: others share the machine's memory."""
    times = [(_seconds(own), _seconds(theirs)) for _ in range(repeats + 1)][1:]
    return min(time for time, _ in times), min(time for _, time in times)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
