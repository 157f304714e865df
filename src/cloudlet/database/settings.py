"""Where the rows are kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["DatabaseSettings"]

PREFIX = "sqlite:///"


class DatabaseSettings(BaseModel):
    """The database that all processes of a cloudlet share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        default="sqlite:///cloudlet.db",
        title="Database",
        description="sqlite:///FILE. SQLite serves one host with a few instruments; the file must lie on a local "
        "disk, because network file systems do not lock it reliably.",
    )

    @field_validator("url")
    @classmethod
    def _is_sqlite_file(cls, value: str) -> str:
        if not value.startswith(PREFIX) or value == PREFIX:
            raise ValueError("give sqlite:///FILE, the only kind of database so far")
        return value
