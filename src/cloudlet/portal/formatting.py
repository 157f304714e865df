"""Numbers as people read them: sensible digits, a real minus sign, the unit behind a narrow gap."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

from cloudlet.analytics import Figure

__all__ = ["age_text", "figure_text", "is_beyond", "limit_text", "seconds_text", "size_text", "utc_text"]

MINUTE, HOUR, DAY = 60, 3600, 86400


def figure_text(value: float | None, figure: Figure) -> str:
    """Return `value` with the digits that `figure` declares, without its unit; a dash for no value."""
    if value is None or not isfinite(value):
        return "–"
    text = f"{value:,.{figure.digits}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("-")
    return text.replace("-", "−")


def is_beyond(value: float | None, figure: Figure) -> bool:
    """Return whether `value` lies on the bad side of the figure's threshold."""
    if value is None or figure.threshold is None:
        return False
    return value > figure.threshold if figure.bad_side == "above" else value < figure.threshold


def limit_text(figure: Figure) -> str:
    """Return the figure's threshold in words, ``""`` where it has none."""
    if figure.threshold is None:
        return ""
    word = "at most" if figure.bad_side == "above" else "at least"
    return f"{word} {figure_text(figure.threshold, figure)} {figure.unit}".rstrip()


def seconds_text(seconds: float | None) -> str:
    """Return a length of time in the one or two units that matter; a dash for none."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 2 * MINUTE:
        return f"{whole} s"
    if whole < 2 * HOUR:
        return f"{whole // MINUTE} min"
    if whole < 2 * DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // DAY} days"


def age_text(instant: datetime | None, now: datetime) -> str:
    """Return how long ago `instant` was; ``"never"`` for none."""
    return "never" if instant is None else f"{seconds_text((now - instant).total_seconds())} ago"


def size_text(size_bytes: int) -> str:
    """Return a file's size in decimal units."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def utc_text(instant: datetime | None) -> str:
    """Return `instant` with its date and zone; a dash for none."""
    return "–" if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
