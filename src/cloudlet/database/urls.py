"""The two kinds of address that a database may have; no sentence repeats one, because it may hold a password."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

__all__ = ["parse_url"]

KINDS = "give sqlite:///FILE or postgresql://USER@HOST/NAME"
SECRET_OPTIONS = frozenset({"password", "sslpassword"})


def parse_url(url: str) -> URL:
    """Return the parts of `url`.

    Raises
    ------
    ValueError
        It is neither an SQLite file's nor a PostgreSQL database's; the sentence never repeats it.
    """
    if not url.startswith(("sqlite://", "postgresql://")):
        raise ValueError(KINDS)
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(f"the address of the database cannot be read; {KINDS}") from None  # the cause repeats it
    if SECRET_OPTIONS & parts.query.keys():
        raise ValueError("a password among the options would be logged; name a file that holds it: ?passfile=FILE")
    return parts
