"""The most probable path through maps of scores, one map a frame: no frame goes where its neighbours do not lead.

A step costs half its squared length over a variance, and never more than a cap: specimens do jump, once, but a frame
that locked on a far peak of its noise would have to jump there and back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_path"]

Floats = NDArray[np.float32]


def best_path(scores: Floats, width: tuple[float, float], cap: float) -> NDArray[np.intp]:
    """Find the path that maximises the scores it passes less the costs of its steps.

    Parameters
    ----------
    scores
        Logarithms of likelihoods, shape (frames, rows, columns).
    width
        Standard deviation of a step in rows and columns.
    cap
        Largest cost of a step.

    Returns
    -------
    numpy.ndarray
        (row, column) of each frame, shape (frames, 2).
    """
    _, rows, columns = scores.shape
    cost_rows, cost_columns = _costs(rows, width[0]), _costs(columns, width[1])
    best = scores[0]
    origins: list[NDArray[np.intp]] = []
    for score in scores[1:]:
        reached, origin = _stepped(best, cost_rows, cost_columns)
        anywhere = int(best.argmax())
        jumped = best.flat[anywhere] - cap
        origins.append(np.where(reached < jumped, anywhere, origin))
        best = score + np.maximum(reached, jumped)
    place = int(best.argmax())
    path = [place]
    for origin in reversed(origins):
        place = int(origin.flat[place])
        path.append(place)
    return np.stack(np.divmod(np.array(path[::-1]), columns), axis=1)


def _costs(size: int, width: float) -> Floats:
    places = np.arange(size)
    costs: Floats = (np.square(places[:, None] - places[None, :]) / (2 * width**2)).astype(np.float32)
    return costs


def _stepped(best: Floats, cost_rows: Floats, cost_columns: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return, for every place, the best score one step before it less the step's cost, and where that was.

    The cost of a step is a sum over both axes, so the best step is found along one axis after the other.
    """
    along_rows = best[None, :, :] - cost_rows[:, :, None]
    row = along_rows.argmax(axis=1)
    half = np.take_along_axis(along_rows, row[:, None, :], axis=1)[:, 0, :]
    along_columns = half[:, None, :] - cost_columns[None, :, :]
    column = along_columns.argmax(axis=2)
    reached = np.take_along_axis(along_columns, column[:, :, None], axis=2)[:, :, 0]
    return reached, np.take_along_axis(row, column, axis=1) * best.shape[1] + column
