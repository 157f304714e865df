"""What a simulated microscope is built from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from cloudlet.testbed.models import CAMERAS, CameraModel, ImpossibleCamera

__all__ = ["MicroscopeSettings"]


class MicroscopeSettings(BaseModel):
    """One simulated microscope: its folders, its camera, its pace and the password of its screen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw_folder: Path = Field(
        title="Raw folder",
        description="Where the camera writes movies, metadata and the gain reference; created when missing.",
    )
    truth_folder: Path = Field(
        title="Truth folder",
        description="Where the truth of every movie and the dials are kept; must lie outside of the raw folder, "
        "or a pipeline could read the answers.",
    )
    name: str = Field(
        default="Simulated microscope",
        title="Name",
        min_length=1,
        max_length=60,
        description="As shown on the operator's screen and as the name of the remote desktop.",
    )
    seed: int = Field(
        default=1,
        title="Seed",
        ge=0,
        description="Fixes gain, specimen and noise: movie N depends on seed, N and the dials alone. "
        "Default 1, so that two rehearsals can be compared.",
    )
    camera: str = Field(
        default="demo",
        title="Camera",
        description="Key of a ready-made camera. Default demo: 1024 x 1024 pixels of 1.4 A, "
        "with which one core can keep up.",
    )
    width: int | None = Field(
        default=None,
        title="Camera width",
        ge=64,
        le=8192,
        description="Pixels along x, instead of the camera's own.",
    )
    height: int | None = Field(
        default=None,
        title="Camera height",
        ge=64,
        le=8192,
        description="Pixels along y, instead of the camera's own.",
    )
    cadence_seconds: float = Field(
        default=5.0,
        title="Cadence",
        ge=0.0,
        le=3600.0,
        description="Seconds from the start of one movie to the start of the next, at least. Default 5 s, "
        "which two cores sustain with everything else running.",
    )
    writing_seconds: float = Field(
        default=2.0,
        title="Writing time",
        ge=0.0,
        le=600.0,
        description="Seconds over which the frames of a movie appear in the raw folder. Default 2 s: "
        "slow enough for a watcher to meet half-written files.",
    )
    planned_movies: int = Field(
        default=400,
        title="Planned movies",
        ge=1,
        le=9999,
        description="Where an acquisition stops unless the operator dials another number. "
        "Default 400: 3 GB, half an hour.",
    )
    disk_reserve_bytes: int = Field(
        default=1_000_000_000,
        title="Disk reserve",
        ge=0,
        description="Bytes that stay free on the raw folder's disk: an acquisition stops before it. "
        "Default 1 GB, so that a rehearsal never fills somebody's machine.",
    )
    password: SecretStr | None = Field(
        default=None,
        title="Console password",
        description="Password of the operator's screen over VNC; only its first eight characters count.",
    )
    password_file: Path | None = Field(
        default=None,
        title="Console password file",
        description="File whose first line is the password, instead of the password itself.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.truth_folder.resolve().is_relative_to(self.raw_folder.resolve()):
            raise ValueError("truth_folder lies inside raw_folder; choose a folder beside it")
        if (self.password is None) == (self.password_file is None):
            raise ValueError("set either password or password_file")
        return self

    def camera_model(self) -> CameraModel:
        """Return the camera, of the size that was asked for.

        Raises
        ------
        ImpossibleCamera
            If there is no camera of that name.
        """
        if self.camera not in CAMERAS:
            raise ImpossibleCamera(f"There is no camera called '{self.camera}'.", f"There are: {', '.join(CAMERAS)}.")
        model = CAMERAS[self.camera]
        return replace(model, width=self.width or model.width, height=self.height or model.height)

    def console_password(self) -> SecretStr:
        """Return the password of the operator's screen, read from its file where it is kept in one.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        if self.password_file is not None:
            return SecretStr(self.password_file.read_text().partition("\n")[0].strip())
        return self.password or SecretStr("")
