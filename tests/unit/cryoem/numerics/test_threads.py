import threading
import time

import pytest

from cloudlet.cryoem.numerics.threads import Threads


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_slices_make_up_the_whole(count: int, size: int) -> None:
    seen: list[int] = []
    Threads(count).slices(lambda first, last: seen.extend(range(first, last)), size)
    assert sorted(seen) == list(range(size))


def test_what_one_raises_is_reported_once_nobody_works_any_more() -> None:
    working, both = set(), threading.Barrier(2)

    def work(item: int) -> None:
        both.wait(10)
        if item == 0:
            raise ValueError("the first")
        working.add(item)
        time.sleep(0.2)
        working.remove(item)

    with pytest.raises(ValueError, match="the first"):
        Threads(2).each(work, 2)
    assert not working
