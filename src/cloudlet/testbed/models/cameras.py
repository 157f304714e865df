"""What a simulated microscope, its camera and its specimen are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from cloudlet.errors import CloudletError
from cloudlet.testbed.models.dials import Limits

__all__ = ["CAMERAS", "CameraModel", "ImpossibleCamera", "MotionModel", "SpecimenModel"]


class ImpossibleCamera(CloudletError):
    """The simulated camera was asked for with properties it cannot have."""

    slug = "impossible-camera"


@dataclass(frozen=True)
class SpecimenModel:
    """Barrels in a slab of ice on a continuous film of carbon."""

    particles_per_um2: float = 1865.0
    """Barrels per µm²: 45 on and around a field of 1,024 pixels of 1.4 Å."""

    ice_angstrom: float = 400.0
    """Thickness of the ice with the ice knob at 1."""

    carbon_angstrom: float = 50.0
    """Thickness of the carbon film, whose rings neither move nor fade."""


@dataclass(frozen=True)
class MotionModel:
    """How the specimen moves under the beam, with the drift knob at 1."""

    burst_angstrom: float = 8.4
    """How far the beam-induced burst goes in all."""

    burst_dose: float = 4.0
    """Dose in e/Å² after which the burst has slowed down to 1/e."""

    drift_angstrom_per_dose: float = 0.105
    """Steady drift in Å per e/Å²: 4.2 Å over 40 e/Å²."""

    jitter_angstrom: float = 0.14
    """Standard deviation of the random step from frame to frame, along each axis."""

    local_angstrom: float = 5.6
    """Largest displacement against the global path, in a corner; it grows as the burst does."""


@dataclass(frozen=True)
class CameraModel:
    """A microscope and its counting camera: what stays the same from movie to movie.

    Raises
    ------
    ImpossibleCamera
        If the size is outside 64 to 8,192 pixels, or pixel size or voltage make no sense.
    """

    SIZE_LIMITS: ClassVar[Limits] = Limits(64, 8192, "pixels")
    PIXEL_SIZE_LIMITS: ClassVar[Limits] = Limits(0.3, 10.0, "Å")
    VOLTAGE_LIMITS: ClassVar[Limits] = Limits(80.0, 400.0, "kV")

    name: str = "demo"
    width: int = 1024
    """Pixels along x."""

    height: int = 1024
    """Pixels along y."""

    pixel_size_angstrom: float = 1.4
    voltage_kv: float = 200.0
    cs_mm: float = 2.7
    amplitude_contrast: float = 0.1
    focal_spread_angstrom: float = 50.0
    b_factor_angstrom2: float = 60.0
    """All that blurs and has no name of its own, as exp(-B k²/4)."""

    dqe_zero: float = 0.85
    """Detective quantum efficiency at zero frequency: also the part of the electrons that is counted."""

    dqe_nyquist: float = 0.35
    """Detective quantum efficiency at Nyquist; linear in between."""

    gain_sd: float = 0.05
    """Standard deviation of the pixels' gain around its mean of 1."""

    hot_pixels_per_megapixel: float = 60.0
    """Pixels per 1,024 x 1,024 that count about 60 whatever falls on them."""

    specimen: SpecimenModel = field(default_factory=SpecimenModel)
    motion: MotionModel = field(default_factory=MotionModel)

    def __post_init__(self) -> None:
        for what, value, limits in (
            ("width", self.width, self.SIZE_LIMITS),
            ("height", self.height, self.SIZE_LIMITS),
            ("pixel size", self.pixel_size_angstrom, self.PIXEL_SIZE_LIMITS),
            ("voltage", self.voltage_kv, self.VOLTAGE_LIMITS),
        ):
            if not limits.hold(value):
                raise ImpossibleCamera(
                    f"A {what} of {value:g} {limits.unit} cannot be simulated.",
                    f"Choose {limits}.",
                )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.height, self.width


CAMERAS: Mapping[str, CameraModel] = {
    model.name: model
    for model in (
        CameraModel(),
        CameraModel(name="k2", width=3838, height=3710, pixel_size_angstrom=1.05, voltage_kv=300.0),
        CameraModel(name="k3", width=5760, height=4092, pixel_size_angstrom=0.83, voltage_kv=300.0),
    )
}
"""Ready-made cameras by name."""
