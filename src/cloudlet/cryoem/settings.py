"""What a site or a researcher may set for this workload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from cloudlet.errors import SettingsInvalid
from cloudlet.validation import describe_problems

__all__ = [
    "WITHOUT_EFFECT",
    "CryoemSettings",
    "GainOperation",
    "GainTurn",
    "MotionProgram",
    "checked_settings",
]

WITHOUT_EFFECT = frozenset({"device", "relion_motion_command", "relion_motion_seconds"})
"""Settings that results do not depend on."""


class MotionProgram(StrEnum):
    """What corrects the frames."""

    OWN = "own"
    RELION = "relion"


class GainOperation(StrEnum):
    """What is done with the values of a gain reference."""

    FOUND = "found"
    MULTIPLY = "multiply"
    DIVIDE = "divide"


class GainTurn(StrEnum):
    """How a gain reference lies on the frames: turned counter-clockwise, then perhaps mirrored top to bottom."""

    FOUND = "found"
    NONE = "none"
    QUARTER = "90"
    HALF = "180"
    THREE_QUARTERS = "270"
    FLIPPED = "flip"
    QUARTER_FLIPPED = "90-flip"
    HALF_FLIPPED = "180-flip"
    THREE_QUARTERS_FLIPPED = "270-flip"


def _names_a_device(text: str) -> str:
    if re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,2})?", text) is None:
        raise ValueError("it must be auto, cpu, cuda, or cuda:N for the card of that number")
    return text


class CryoemSettings(BaseModel):
    """How movies were taken; what is not set here is taken from each movie's metadata."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixel_size_angstrom: float | None = Field(
        default=None,
        gt=0.1,
        le=20,
        title="Pixel size",
        description="Side of a pixel of the frames in ångström. By default what each movie's metadata say "
        "(SerialEM's mdoc, EPU's XML, the EER file), because magnification may change within a session.",
    )
    voltage_kv: float | None = Field(
        default=None,
        ge=60,
        le=1000,
        title="Voltage",
        description="Acceleration voltage in kilovolt. By default what each movie's metadata say "
        "(SerialEM's mdoc, EPU's XML, the EER file).",
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
        description="Electrons per square ångström and frame. By default what each movie's metadata say "
        "(SerialEM's mdoc, EPU's XML, the EER file), because it may change within a session.",
    )
    gain: Path | None = Field(
        default=None,
        title="Gain reference",
        description="MRC, TIFF or EER `.gain` file. By default the one each movie's metadata name, looked for beside "
        "the movie; none where it names none, for such frames are corrected already.",
    )
    defects: Path | None = Field(
        default=None,
        title="Defects of the camera",
        description="A map (MRC or TIFF, everything but 0 is bad) or SerialEM's text. By default the one each movie's "
        "mdoc names, where it lies beside the movie. Hot pixels are found in any case.",
    )
    gain_turn: GainTurn = Field(
        default=GainTurn.FOUND,
        title="Orientation of the gain reference",
        description="How the reference lies on the frames: turned counter-clockwise by degrees, then mirrored top to "
        "bottom with `-flip`. By default found by comparison with the mean of the raw counts, and refused where that "
        "is not clear.",
    )
    gain_operation: GainOperation = Field(
        default=GainOperation.FOUND,
        title="Use of the gain reference",
        description="Whether counts are multiplied or divided by it. By default found together with its orientation.",
    )
    pre_exposure: float = Field(
        default=0.0,
        ge=0,
        le=10_000,
        title="Earlier exposure",
        description="Electrons per square ångström that the specimen had seen before the first frame.",
    )
    binning: int | None = Field(
        default=None,
        ge=1,
        le=8,
        title="Binning of the result",
        description="How many pixels of the frames, along each side, make one of the micrograph; cropped in Fourier "
        "space. By default 2 where the mdoc tells of super-resolution, else 1.",
    )
    eer_fraction_dose: float = Field(
        default=1.0,
        gt=0,
        le=50,
        title="Dose of an EER fraction",
        description="Electrons per square ångström that raw EER frames are summed up to before they are aligned. Less "
        "follows faster motion, more costs less time.",
    )
    eer_upsampling: int = Field(
        default=1,
        ge=1,
        le=2,
        title="Rendering of EER events",
        description="1 for the camera's own pixels, 2 for half pixels. Most specimens need no more than 1.",
    )
    motion_program: MotionProgram = Field(
        default=MotionProgram.OWN,
        title="Program for motion correction",
        description="`own`, or `relion`: RELION's own motion correction, which has to be installed and takes ten "
        "times as long.",
    )
    relion_motion_command: str = Field(
        default="relion_run_motioncorr",
        min_length=1,
        title="RELION's motion correction",
        description="The program, by name or path, where `motion_program` is `relion`.",
    )
    relion_motion_seconds: float = Field(
        default=480.0,
        gt=0,
        title="Longest run of RELION's motion correction",
        description="Seconds of wall time after which it is killed, with all it has started, and the movie is failed. "
        "Less than `task_seconds` of the analytics settings, so that it is this that is said. A K3 movie of 40 frames "
        "takes two minutes on one core.",
    )
    device: Annotated[str, AfterValidator(_names_a_device)] = Field(
        default="auto",
        title="Processor",
        description="What the engine runs on: `cpu`, `cuda:N` for one graphics card, or `cuda` for all, a movie "
        "on each. By default cards where torch finds any (`pip install 'cloudlet[gpu]'`), else `cpu`.",
    )
    half_precision: bool = Field(
        default=False,
        title="Half precision",
        description="Whether micrographs are written as MRC of mode 12 (16 bit floats), which halves their size. "
        "RELION reads them from version 4 on.",
    )
    keep_unweighted: bool = Field(
        default=False,
        title="Keep the plain sum",
        description="Whether the sum without exposure weights, on which the CTF is fitted, is written too.",
    )
    keep_halves: bool = Field(
        default=False,
        title="Keep half sums",
        description="Whether sums of odd and of even frames are written too, for denoisers that learn from them.",
    )
    fits_phase_shift: bool = Field(
        default=False,
        title="Fit a phase shift",
        description="Whether the CTF fit looks for the phase shift of a phase plate.",
    )

    particle_diameter: float | None = Field(
        default=None,
        ge=30,
        le=2000,
        title="Particle diameter",
        description="Ångström. Particles of about this size are picked and cut out; by default none are. The diameter "
        "of a ball of their volume serves best: about 13 Å times the cube root of the mass in kilodaltons.",
    )
    particle_box: float | None = Field(
        default=None,
        ge=40,
        le=4000,
        title="Particle box",
        description="Side in ångström of the boxes that particles are cut out in. By default twice the diameter, so "
        "that what defocus spreads is kept.",
    )
    particle_pixel_size: float | None = Field(
        default=None,
        gt=0,
        le=50,
        title="Pixel size of particles",
        description="Ångström that particles are made smaller to, about, by cropping in Fourier space: coarse ones are "
        "quickly classified. By default they keep the micrograph's.",
    )

    @model_validator(mode="after")
    def _boxes_hold_particles(self) -> Self:
        diameter, box = self.particle_diameter, self.particle_box
        if diameter is not None and box is not None and box < diameter:
            raise ValueError("particle_box is smaller than particle_diameter: leave it out, or make it larger")
        return self

    @model_validator(mode="after")
    def _program_does_what_is_asked(self) -> Self:
        if self.motion_program is MotionProgram.RELION and self.keep_halves:
            raise ValueError("RELION 3.1 writes no half sums: set keep_halves to false, or motion_program to own")
        return self


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
        wrong = " ".join(describe_problems(CryoemSettings, cause))
        is_unknown = any(error["type"] == "extra_forbidden" for error in cause.errors())
        known = f"Known are: {', '.join(CryoemSettings.model_fields)}." if is_unknown else ""
        raise SettingsInvalid(f"These settings cannot be used: {wrong}", known) from cause
