"""Where the rows are kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DatabaseSettings"]


class DatabaseSettings(BaseModel):
    """The database that all processes of a cloudlet share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        default="sqlite:///cloudlet.db",
        title="Database",
        description="sqlite:///FILE. SQLite serves one host with a few instruments; the file must lie on a local "
        "disk, because network file systems do not lock it reliably.",
    )
