"""Where the rows are kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cloudlet.database.urls import KINDS, parse_url

__all__ = ["DatabaseSettings"]


class DatabaseSettings(BaseModel):
    """The database that all processes of a cloudlet share."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(
        default="sqlite:///cloudlet.db",
        repr=False,  # it may hold a password
        title="Database",
        description="`sqlite:///FILE` or `postgresql://USER@HOST/NAME`. SQLite serves one host with a few instruments; "
        "the file must lie on a local disk, because network file systems do not lock it reliably. PostgreSQL (15 or "
        "newer, with `cloudlet[postgresql]`) takes libpq's options behind `?`: `passfile=FILE` for the password, "
        "`sslmode=verify-full` for a server elsewhere; [how](../operations/postgresql.md).",
    )

    @field_validator("url")
    @classmethod
    def _names_a_database(cls, value: str) -> str:
        parts = parse_url(value)
        if parts.get_backend_name() == "sqlite" and not (value.startswith("sqlite:///") and parts.database):
            raise ValueError(KINDS)
        return value
