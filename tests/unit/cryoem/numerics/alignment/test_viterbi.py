import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlet.cryoem.numerics.alignment.viterbi import best_path


def worth(scores: np.ndarray, path: np.ndarray, width: tuple[float, float], cap: float) -> float:
    steps = np.diff(path, axis=0) / width
    costs = np.minimum(0.5 * (steps**2).sum(axis=1), cap)
    return float(sum(score[tuple(place)] for score, place in zip(scores, path, strict=True)) - costs.sum())


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3), st.floats(0.5, 8))
def test_no_path_is_better(seed: int, width: float, cap: float) -> None:
    scores = np.random.default_rng(seed).uniform(0, 6, (3, 3, 4)).astype(np.float32)
    widths = width, 1.3 * width
    found = worth(scores, best_path(scores, widths, cap), widths, cap)
    places = list(itertools.product(range(3), range(4)))
    best = max(worth(scores, np.array(path), widths, cap) for path in itertools.product(places, repeat=3))
    assert abs(found - best) < 1e-4
