"""What all tables share: one declarative base, whole numbers of 64 bits, instants as such, and JSON objects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer, MetaData, TypeDecorator
from sqlalchemy.orm import DeclarativeBase

__all__ = ["JsonObject", "Table", "UtcInstant"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

JsonObject = dict[str, Any]
"""A JSON object as Python sees it; only what `json` can write may be inside."""


_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite's integers have 64 bits anyway, and it numbers rows by itself in a column called so only."""


class UtcInstant(TypeDecorator[datetime]):
    """An aware instant, stored as whole microseconds since 1970 in UTC, so that comparisons are exact."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn an aware datetime into microseconds; a naive one is a programmer's error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Turn microseconds back into an aware datetime in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Table(DeclarativeBase):
    """The base of every component's rows."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: _NUMBER, JsonObject: JSON, datetime: UtcInstant}  # noqa: RUF012 - SQLAlchemy reads it so
