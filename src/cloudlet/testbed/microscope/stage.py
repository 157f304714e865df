"""The specimen stage: where it is at any moment, from how it was last set in motion.

The position is a formula of time, so that nothing has to tick while the stage moves and a stage that nobody
releases goes on until its limit, as a real one does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LIMIT_UM", "StageMotion", "jogging", "resting", "travelling"]

LIMIT_UM = 1000.0
"""How far the stage can go from its centre along either axis, in micrometres."""


@dataclass(frozen=True)
class StageMotion:
    """A straight motion from a point, at rest when its speed is zero."""

    x_um: float
    y_um: float
    speed_x: float = 0.0
    """In micrometres per second."""
    speed_y: float = 0.0
    since: float = 0.0
    """When it began, in seconds of a monotonic clock."""
    lasts_seconds: float = math.inf

    def at(self, now: float) -> tuple[float, float]:
        """Return (x, y) in micrometres at the instant `now` of the same monotonic clock."""
        elapsed = min(max(now - self.since, 0.0), self.lasts_seconds)
        return _along(self.x_um, self.speed_x, elapsed), _along(self.y_um, self.speed_y, elapsed)

    def is_moving(self, now: float) -> bool:
        """Say whether the stage still changes its place at the instant `now`."""
        if now - self.since >= self.lasts_seconds:
            return False
        x_um, y_um = self.at(now)
        return _can_go(x_um, self.speed_x) or _can_go(y_um, self.speed_y)


def resting(x_um: float, y_um: float) -> StageMotion:
    """Return the stage standing still at a point."""
    return StageMotion(x_um, y_um)


def jogging(motion: StageMotion, now: float, speed_x: float, speed_y: float) -> StageMotion:
    """Return the motion that goes on from where `motion` is, at a speed, until it is changed again."""
    return StageMotion(*motion.at(now), speed_x, speed_y, now)


def travelling(motion: StageMotion, now: float, x_um: float, y_um: float, speed: float) -> StageMotion:
    """Return the straight motion from where `motion` is to a point, at `speed` micrometres per second."""
    from_x, from_y = motion.at(now)
    distance = math.hypot(x_um - from_x, y_um - from_y)
    if distance == 0.0:
        return resting(x_um, y_um)
    seconds = distance / speed
    return StageMotion(from_x, from_y, (x_um - from_x) / seconds, (y_um - from_y) / seconds, now, seconds)


def _along(start: float, speed: float, elapsed: float) -> float:
    # 0 * inf is no number, hence the question
    return min(max(start + speed * elapsed, -LIMIT_UM), LIMIT_UM) if speed else start


def _can_go(position: float, speed: float) -> bool:
    return speed != 0.0 and math.copysign(1.0, speed) * position < LIMIT_UM
