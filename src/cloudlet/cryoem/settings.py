"""What a site or a researcher may set for this workload."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloudlet.cryoem.errors import SettingsInvalid

__all__ = ["CryoemSettings", "checked_settings"]


class CryoemSettings(BaseModel):
    """How movies were taken; what is not set here is taken from each movie's metadata."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixel_size_angstrom: float | None = Field(
        default=None,
        gt=0.1,
        le=20,
        title="Pixel size",
        description="Side of a pixel of the frames in ångström. By default that of each movie's mdoc, "
        "because magnification may change within a session.",
    )
    voltage_kv: float | None = Field(
        default=None,
        ge=60,
        le=1000,
        title="Voltage",
        description="Acceleration voltage in kilovolt. By default that of each movie's mdoc.",
    )
    cs_mm: float = Field(
        default=2.7,
        ge=0,
        le=10,
        title="Spherical aberration",
        description="Of the objective lens in millimetres. 2.7 holds for most microscopes; no metadata carries it.",
    )
    amplitude_contrast: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        title="Amplitude contrast",
        description="Share of amplitude contrast, 0 to 1. 0.1 is the field's custom for frozen specimens.",
    )
    dose_per_frame: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        title="Dose per frame",
        description="Electrons per square ångström and frame. By default that of each movie's mdoc, because it "
        "may change within a session.",
    )
    gain: Path | None = Field(
        default=None,
        title="Gain reference",
        description="MRC or TIFF file that counts are multiplied by. By default the one each movie's mdoc names, "
        "looked for beside the movie; none where it names none, for such frames are corrected already.",
    )


def checked_settings(settings: Mapping[str, Any]) -> CryoemSettings:
    """Turn JSON into settings.

    Raises
    ------
    SettingsInvalid
        With one sentence for everything that is wrong.
    """
    try:
        return CryoemSettings.model_validate(dict(settings))
    except ValidationError as cause:
        wrong = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}" for problem in cause.errors()
        )
        raise SettingsInvalid(
            f"These settings cannot be used: {wrong}.", f"Known are: {', '.join(CryoemSettings.model_fields)}."
        ) from cause
