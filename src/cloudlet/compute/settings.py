"""How many workers the edge may have on this host; the memory and the time of each are `analytics` settings."""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ComputeSettings"]


class ComputeSettings(BaseModel):
    """The edge's workers on this host."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(
        default_factory=lambda: max(1, len(os.sched_getaffinity(0)) - 1),
        ge=1,
        le=1024,
        title="Workers",
        description="Worker processes, each with one exposure in hand. By default one fewer than the cores this "
        "process may use, so that pages and consoles stay quick.",
    )
