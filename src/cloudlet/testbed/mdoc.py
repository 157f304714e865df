"""Metadata of a movie as SerialEM writes it beside the frames (https://bio3d.colorado.edu/SerialEM, "mdoc" files)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cloudlet.testbed.models import Dials, Truth

__all__ = ["mdoc_name", "mdoc_text"]

FRAME_SECONDS = 0.1
FRAMES_FOLDER = "X:\\frames\\"
"""Where the camera's own computer believes the frames to be; nobody else can use it."""

ANGSTROM_AT_1000X = 70.0
"""Pixel size at a nominal magnification of 1,000."""


def mdoc_name(movie_name: str) -> str:
    """Return the metadata's file name beside a movie."""
    return f"{movie_name}.mdoc"


def mdoc_text(truth: Truth, movie_name: str, gain_name: str, started: datetime) -> str:
    """Return the metadata of a movie begun at `started`, in the time zone that `started` has.

    It holds what an acquisition program knows: the target, not the defocus that came out of it.
    """
    header = [
        f"T = SerialEM: Simulated microscope {truth.camera:<20} {started:%d-%b-%y  %H:%M:%S}",
        f"Voltage = {truth.voltage_kv:g}",
        "",
        "[FrameSet = 0]",
    ]
    keys = (f"{key} = {value}" for key, value in frame_set(truth, movie_name, gain_name, started))
    return "\n".join([*header, *keys, ""])


def frame_set(truth: Truth, movie_name: str, gain_name: str, started: datetime) -> Iterator[tuple[str, str]]:
    """Yield the keys of the one frame set in SerialEM's order."""
    dials = truth.dials
    seconds = FRAME_SECONDS * dials.frames
    yield "GainReference", gain_name
    yield "TiltAngle", "0"
    yield "StagePosition", f"{dials.stage_x_um:g} {dials.stage_y_um:g}"
    yield "StageZ", "0"
    yield "Magnification", f"{magnification(truth.pixel_size_angstrom)}"
    yield "Intensity", "0.12"
    yield "ExposureDose", f"{dials.dose:g}"
    yield "DoseRate", f"{camera_dose_rate(dials, truth.pixel_size_angstrom):.5g}"
    yield "PixelSpacing", f"{truth.pixel_size_angstrom:g}"
    yield "SpotSize", "6"
    yield "Defocus", f"{-dials.target_defocus_um:g}"
    yield "ImageShift", "0 0"
    yield "RotationAngle", "0"
    yield "ExposureTime", f"{seconds:g}"
    yield "Binning", "1"
    yield "CameraIndex", "1"
    yield "DividedBy2", "0"
    yield "OperatingMode", "1"
    yield "UsingCDS", "0"
    yield "MagIndex", "30"
    yield "LowDoseConSet", "4"
    yield "CountsPerElectron", "1"
    yield "TargetDefocus", f"{-dials.target_defocus_um:g}"
    yield "SubFramePath", f"{FRAMES_FOLDER}{movie_name}"
    yield "NumSubFrames", f"{dials.frames}"
    yield "FrameDosesAndNumber", f"{dials.dose_per_frame:g} {dials.frames}"
    yield "DateTime", f"{started:%d-%b-%y  %H:%M:%S}"
    yield "FilterSlitAndLoss", "20 0"
    yield "UncroppedSize", f"{truth.width} {truth.height}"


def camera_dose_rate(dials: Dials, pixel_size_angstrom: float) -> float:
    """Return electrons per pixel and second on the camera."""
    return dials.dose_per_frame * pixel_size_angstrom**2 / FRAME_SECONDS


def magnification(pixel_size_angstrom: float) -> int:
    """Return the nominal magnification in whole thousands that belongs to a pixel size."""
    return max(1, round(ANGSTROM_AT_1000X / pixel_size_angstrom)) * 1000
