"""How runs are watched and scheduled."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["AnalyticsSettings"]


class AnalyticsSettings(BaseModel):
    """Settings of the analytics runtime, the same for all runs of an edge."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    poll_seconds: float = Field(
        default=1.0,
        gt=0,
        title="Time between two looks",
        description="Seconds between two looks at a raw folder. Network mounts tell nothing by themselves, and one "
        "second adds little to the lag; a folder whose listing takes long is looked at less often.",
    )
    patience_seconds: float = Field(
        default=300.0,
        ge=0,
        title="Patience with incomplete files",
        description="Seconds that a file which is not all there may stand still before it is marked failed. Five "
        "minutes is longer than any pause of an acquisition program in the middle of a file.",
    )
    silence_seconds: float = Field(
        default=10.0,
        gt=0,
        title="Silence of the raw folder",
        description="Seconds without an answer from the raw folder after which the run says so. Ten seconds is more "
        "than a busy file server needs, and soon enough for somebody who waits.",
    )
    reading_seconds: float = Field(
        default=60.0,
        gt=0,
        title="Longest look into one file",
        description="Seconds that finding out whether one file is complete may take, before that file is put aside "
        "as failed. Only a few kilobytes are read, so a minute means that it will never end.",
    )
    task_seconds: float = Field(
        default=600.0,
        gt=0,
        title="Longest processing of one exposure",
        description="Seconds of wall time after which the processing of one exposure counts as hung and is killed. "
        "The largest exposures take well under a minute on one core.",
    )
    worker_memory_gib: float = Field(
        default=16.0,
        ge=1,
        title="Memory of one worker",
        description="GiB of memory that the processing of one exposure may take before that exposure is "
        "failed. The largest known, 60 frames of 11,520 × 8,184 pixels, take 9 GiB with 8 bits a pixel and 14 GiB with "
        "16; an untrue header asks for any amount.",
    )
    attempts: int = Field(
        default=3,
        ge=1,
        title="Attempts after lost workers",
        description="How often an exposure is begun when its worker process dies in the middle of it. Three tell an "
        "accident from a file that crashes its reader.",
    )
    collect_seconds: float = Field(
        default=5.0,
        gt=0,
        title="Time between two collections",
        description="Least seconds between two rewrites of a run's collection files. They are made afresh each time, "
        "so every result by itself would be wasteful; with many results the pause grows.",
    )
