"""The simulated camera: a number and the dials go in, a movie and its truth come out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.detector import Detector
from cloudlet.testbed.exposure import record_frame, tile_centres
from cloudlet.testbed.models import CameraModel, Dials, ImpossibleDial, Movie, Truth
from cloudlet.testbed.motion import Motion
from cloudlet.testbed.scattering import arriving_fraction
from cloudlet.testbed.scene import Conditions, Scene, draw_conditions, render_scene

__all__ = ["Camera", "count_rate"]

HIGHEST_RATE = 120.0
"""Counts per pixel and frame beyond which 8 bits overflow."""

SEED_BITS = 63
CONDITIONS, SURROUNDINGS, SHOTS = range(3)
"""Streams of random numbers, so that a dial changes nothing but its own."""


class Camera:
    """A camera on a simulated microscope; one object may serve several threads.

    Parameters
    ----------
    model
        The microscope and camera.
    seed
        At least 0. Fixes gain and hot pixels, and together with a movie's number everything in that movie.
    """

    def __init__(self, model: CameraModel, seed: int) -> None:
        self.model = model
        self.seed = seed
        self.detector = Detector.made(model, seed)

    @property
    def gain(self) -> NDArray[np.float32]:
        """Multiplicative gain reference, mean 1, shape (height, width), row 0 at the bottom."""
        return self.detector.gain

    def expose(self, number: int, dials: Dials) -> Movie:
        """Take movie `number`, which depends on model, seed, number and dials alone, bit for bit.

        What a dial does not concern stays as it was: with another defocus the same particles move the same way.

        Raises
        ------
        ImpossibleDial
            If the dose gives more counts per pixel than 8 bits hold.
        """
        rate = count_rate(self.model, dials)
        conditions, scene = self.scene(number, dials)
        frames = self.recorded(scene, conditions.motion, rate, self.generator(number, SHOTS))
        return Movie(frames, truth(self.model, self.seed, number, dials, conditions, rate))

    def scene(self, number: int, dials: Dials) -> tuple[Conditions, Scene]:
        """Return what is in front of the camera during movie `number`."""
        conditions = draw_conditions(self.model, dials, self.generator(number, CONDITIONS))
        return conditions, render_scene(self.model, conditions, dials, self.generator(number, SURROUNDINGS))

    def generator(self, number: int, stream: int) -> np.random.Generator:
        """Return random numbers for one purpose in one movie."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, number], spawn_key=(stream,)))

    def recorded(self, scene: Scene, motion: Motion, rate: float, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Count the electrons of every frame, shape (frames, height, width)."""
        rows, columns = tile_centres(self.model.height), tile_centres(self.model.width)
        frames = np.empty((len(scene.weights), *self.model.shape), np.uint8)
        seeds = rng.integers(0, 1 << SEED_BITS, len(frames))
        for index, frame in enumerate(frames):
            record_frame(
                scene.contrast(index),
                motion.within(index, rows, columns),
                scene.margin,
                rate,
                self.detector.sensitivity,
                int(seeds[index]),
                frame,
            )
        self.detector.add_hot_pixels(frames, rng)
        return frames


def count_rate(model: CameraModel, dials: Dials) -> float:
    """Return the expected count per pixel and frame where contrast is 0 and gain 1.

    Raises
    ------
    ImpossibleDial
        If 8 bits would overflow.
    """
    fraction = arriving_fraction(dials.ice * model.specimen.ice_angstrom)
    rate = dials.dose_per_frame * model.pixel_size_angstrom**2 * fraction * model.dqe_zero
    if rate > HIGHEST_RATE:
        raise ImpossibleDial(
            f"{dials.dose_per_frame} e/Å² per frame would be {rate:.0f} counts per pixel, more than 8 bits hold.",
            f"Lower the dose per frame below {dials.dose_per_frame * HIGHEST_RATE / rate:.1f} e/Å².",
        )
    return rate


def truth(model: CameraModel, seed: int, number: int, dials: Dials, conditions: Conditions, rate: float) -> Truth:
    """Write down what was true of a movie."""
    half = conditions.astigmatism_angstrom / 2
    along_y, along_x = conditions.motion.field.tolist()
    return Truth(
        number=number,
        seed=seed,
        camera=model.name,
        width=model.width,
        height=model.height,
        pixel_size_angstrom=model.pixel_size_angstrom,
        voltage_kv=model.voltage_kv,
        cs_mm=model.cs_mm,
        amplitude_contrast=model.amplitude_contrast,
        dials=dials,
        defocus_u_angstrom=conditions.defocus_angstrom + half,
        defocus_v_angstrom=conditions.defocus_angstrom - half,
        astigmatism_angle_degrees=conditions.angle_degrees,
        ice_angstrom=conditions.ice_angstrom,
        counts_per_pixel_frame=rate,
        shifts_px=tuple((y, x) for y, x in conditions.motion.shifts.tolist()),
        local_growth=tuple(conditions.motion.local_growth.tolist()),
        local_field_px=(tuple(along_y), tuple(along_x)),
        particles=conditions.particles,
    )
