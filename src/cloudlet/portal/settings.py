"""What a site can say about its pages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PortalSettings"]


class PortalSettings(BaseModel):
    """How the pages introduce themselves, and how live they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(
        default="Instrument Cloudlet",
        title="Name of this cloudlet",
        description="Stands at the top of every page; the facility's name says more than the default.",
        min_length=1,
        max_length=60,
    )
    contact: str = Field(
        default="",
        title="Whom to ask",
        description="A mail address or a sentence, shown where somebody is refused or something failed. Empty by "
        "default, because no address fits every site.",
        max_length=200,
    )
    pulse_seconds: float = Field(
        default=5.0,
        title="Time between two pulses of a live page",
        description="Seconds after which a live page gets its vital signs again though nothing happened. 5 s keeps "
        "the lag honest and is cheap; well below the 20 s after which a page calls its numbers old.",
        gt=0,
        le=15,
    )
    history_length: int = Field(
        default=2000,
        title="Exposures in a live page's history",
        description="Number of newest exposures that a cockpit draws when it is opened. 2,000 is more than six "
        "hours at 300 an hour, and loads in well under a second.",
        ge=10,
        le=100_000,
    )
