"""What is reported of one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cloudlet.escaping import escape_controls

__all__ = ["Report", "shown"]

_LONGEST = 200


@dataclass
class Report:
    """Facts in their order, and departures from the format, one sentence each."""

    kind: str
    """In words: what the file is."""
    facts: list[tuple[str, str]] = field(default_factory=list)
    departures: list[str] = field(default_factory=list)
    problem: str | None = None
    """Why it cannot be used at all; None where it can."""

    def add(self, name: str, value: object) -> None:
        """Add a fact."""
        self.facts.append((name, shown(value)))

    def add_known(self, facts: Mapping[str, object]) -> None:
        """Add those that are said: not None, nor 0, nor empty."""
        for name, value in facts.items():
            if value:
                self.add(name, value)

    def depart(self, is_so: bool, sentence: str) -> None:
        """Add a departure where it is so."""
        if is_so:
            self.departures.append(shown(sentence))


def shown(value: object) -> str:
    """Return text from a file as it may be shown: of one line, not too long, without what steers a terminal."""
    text = ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
    plain = escape_controls(text)
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
