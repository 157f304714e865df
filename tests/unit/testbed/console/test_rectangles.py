from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cloudlet.testbed.console.layout import HEIGHT, LAYOUT, WIDTH
from cloudlet.testbed.console.rectangles import Rect, Region

SIZE = 24


def rects() -> st.SearchStrategy[Rect]:
    place, extent = st.integers(0, SIZE), st.integers(0, SIZE)
    return st.builds(lambda x, y, w, h: Rect(x, y, min(w, SIZE - x), min(h, SIZE - y)), place, place, extent, extent)


def count(covered: list[Rect]) -> NDArray[np.int_]:
    """How many of the rectangles hold each pixel."""
    hits = np.zeros((SIZE, SIZE), int)
    for rect in covered:
        hits[rect.rows_columns] += 1
    return hits


@given(rects(), rects())
def test_a_rectangle_without_a_hole_holds_each_other_pixel_once(rect: Rect, hole: Rect) -> None:
    assert (count(rect.without(hole)) == count([rect]) * (1 - count([hole]))).all()


@given(rects(), rects())
def test_the_overlap_holds_what_both_hold(one: Rect, other: Rect) -> None:
    assert (count([one.overlap(other)]) == count([one]) * count([other])).all()


@given(st.lists(rects(), max_size=12))
def test_a_region_holds_each_pixel_that_was_added_exactly_once(added: list[Rect]) -> None:
    region = Region()
    region.update(added)
    assert (count(list(region)) == np.minimum(count(added), 1)).all()


@given(st.lists(rects(), max_size=12), rects())
def test_what_is_taken_from_a_region_and_what_is_left_are_the_whole(added: list[Rect], area: Rect) -> None:
    region = Region()
    region.update(added)
    taken = region.take(area)
    assert (count(taken) == np.minimum(count(added), 1) * count([area])).all()
    assert (count(taken) + count(list(region)) == np.minimum(count(added), 1)).all()


@given(st.lists(rects(), max_size=30), st.integers(1, 5))
def test_a_region_stays_small_and_loses_nothing(added: list[Rect], most: int) -> None:
    region = Region(most)
    region.update(added)
    assert len(list(region)) <= most
    assert (count(list(region)) >= np.minimum(count(added), 1)).all()


def test_everything_on_the_layout_lies_on_the_screen() -> None:
    screen = Rect(0, 0, WIDTH, HEIGHT)
    assert all(screen.covers(rect) and not rect.is_empty for rect in LAYOUT.values())


def test_nothing_on_the_layout_covers_anything_but_panels() -> None:
    parts = [(name, rect) for name, rect in LAYOUT.items() if not name.endswith("_panel")]
    for index, (name, rect) in enumerate(parts):
        for other, its in parts[index + 1 :]:
            assert rect.overlap(its).is_empty, f"{name} and {other}"
