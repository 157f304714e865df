"""What may be stored, the same on both databases: JSON without NaN, and text that every database takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloudlet.database.errors import ValueNotStorable

__all__ = ["refuse_odd_text", "to_json"]


def to_json(value: Any) -> str:
    """Return `value` as JSON; odd characters are escaped, so that any text survives in it.

    Raises
    ------
    ValueNotStorable
        A number in it is not finite, which JSON does not know.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError as cause:
        raise ValueNotStorable("A number to be stored is infinite, or no number at all.") from cause


def refuse_odd_text(parameters: Mapping[str, Any] | Iterable[Any]) -> None:
    """Look through a statement's parameters.

    Raises
    ------
    ValueNotStorable
        A text holds NUL, which PostgreSQL does not take, or half a surrogate pair, which cannot be encoded.
    """
    for value in parameters.values() if isinstance(parameters, Mapping) else parameters:
        if isinstance(value, str):
            if not _is_storable(value):
                raise ValueNotStorable("A text holds characters that cannot be stored.", "Leave them out.")
        elif isinstance(value, Mapping | list | tuple):  # the rows of one statement
            refuse_odd_text(value)


def _is_storable(text: str) -> bool:
    """Return whether every database can store `text`."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
