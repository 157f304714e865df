"""The CTF fit on images of RELION's making: the one accuracy whose truth was not written by whoever wrote the engine.

`relion_project` projects a map of white noise and multiplies the projections by RELION's own CTF. What is known of them
is what RELION was given; that both mean the same by defocus, astigmatism and angle is part of what is judged.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import mrcfile
import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Row
from cloudlet.cryoem.numerics.ctf import Defocus, Optics
from cloudlet.cryoem.numerics.ctf_fit import CtfFit, fit_ctf
from cloudlet.cryoem.numerics.spectrum import tile_size_for, tile_spectra

__all__ = ["PROGRAM", "fitted", "measure", "projected"]

PROGRAM = "relion_project"
BOX, ACROSS, PIXEL = 256, 6, 1.06
"""Pixels of a projection, projections along a side of an image, and angstrom."""
OPTICS = Optics(300, 2.7, 0.1)

_OPTICS_COLUMNS = ("OpticsGroupName", "OpticsGroup", "Voltage", "SphericalAberration", "AmplitudeContrast")
_OPTICS_COLUMNS += ("ImagePixelSize", "ImageSize", "ImageDimensionality")
_COLUMNS = ("ImageName", "OpticsGroup", "AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst")
_COLUMNS += ("DefocusU", "DefocusV", "DefocusAngle")


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield the errors over several defoci; nothing where RELION is missing."""
    if shutil.which(PROGRAM) is None:
        print(f"Images of RELION's making are left out: {PROGRAM} is not installed.")
        return
    rng = np.random.default_rng(29)
    count = 3 if is_quick else 12
    means, halves, angles = rng.uniform(8_000, 28_000, count), rng.uniform(60, 400, count), rng.uniform(-90, 90, count)
    told = [Defocus(m + h, m - h, a) for m, h, a in zip(means, halves, angles, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        found = [fitted(image).defocus for image in projected(Path(folder), told)]
    pairs = list(zip(found, told, strict=True))
    focus = np.abs([ours.mean_angstrom - theirs.mean_angstrom for ours, theirs in pairs])
    astigmatism = np.abs([ours.astigmatism_angstrom - theirs.astigmatism_angstrom for ours, theirs in pairs])
    angle = np.abs([(ours.angle_degrees - theirs.angle_degrees + 90) % 180 - 90 for ours, theirs in pairs])
    yield Row.at_most("defocus, median error", float(np.median(focus)), "Å", 10)
    yield Row.at_most("defocus, largest error", float(focus.max()), "Å", 30)
    yield Row.at_most("astigmatism, median error", float(np.median(astigmatism)), "Å", 20)
    yield Row.at_most("angle, median error", float(np.median(angle)), "°", 1.5)


def projected(folder: Path, told: Sequence[Defocus], box: int = BOX) -> list[NDArray[np.float32]]:
    """Return an image for each defocus, of `ACROSS` x `ACROSS` projections side by side, made by RELION in `folder`."""
    rng = np.random.default_rng(0)
    with mrcfile.new(folder / "map.mrc") as file:
        file.set_data(rng.standard_normal((box, box, box), np.float32))
        file.voxel_size = PIXEL
    count = ACROSS**2
    particles = [
        (f"{number + 1:06d}@unused.mrcs", 1, *_turn(rng), 0, 0, each.u_angstrom, each.v_angstrom, each.angle_degrees)
        for number, each in enumerate(each for each in told for _ in range(count))
    ]
    optics = ("made", 1, OPTICS.voltage_kv, OPTICS.cs_mm, OPTICS.amplitude_contrast, PIXEL, box, 2)
    text = _table("optics", _OPTICS_COLUMNS, [optics]) + _table("particles", _COLUMNS, particles)
    (folder / "told.star").write_text(text, "ascii")
    command = [PROGRAM, "--i", "map.mrc", "--o", "made", "--ang", "told.star", "--ctf", "--angpix", str(PIXEL)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
    pieces = mrcfile.read(folder / "made.mrcs").reshape(len(told), ACROSS, ACROSS, box, box)
    images = pieces.transpose(0, 1, 3, 2, 4).reshape(len(told), ACROSS * box, ACROSS * box)
    return [(100 + image / image.std()).astype(np.float32) for image in images]


def fitted(image: NDArray[np.float32]) -> CtfFit:
    """Return what is fitted to an image of `projected`."""
    shape = image.shape[0], image.shape[1]
    fit = fit_ctf(tile_spectra(image, tile_size_for(shape, PIXEL)), shape, PIXEL, OPTICS)
    if fit is None:
        raise ValueError("an image without power")
    return fit


def _turn(rng: np.random.Generator) -> tuple[float, float, float]:
    return rng.uniform(0, 360), float(np.degrees(np.arccos(rng.uniform(-1, 1)))), rng.uniform(0, 360)


def _table(name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = f"data_{name}\n\nloop_\n" + "".join(f"_rln{column}\n" for column in columns)
    return head + "".join(" ".join(map(str, row)) + "\n" for row in rows) + "\n"
