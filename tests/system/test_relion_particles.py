"""RELION itself reads our particles, and cuts the same ones out at the same places."""

from __future__ import annotations

import subprocess
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from benchmarks.simulator import FieldSpec, simulate_field

from cloudlet.analytics import ExposureTask, Results
from cloudlet.cryoem import WORKLOAD

pytestmark = [pytest.mark.system, pytest.mark.needs("relion_preprocess", "relion_stack_create")]

PIXEL, SIDE, BOX, DIAMETER = 2.0, 1024, 80, 80.0


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    """A project folder with one micrograph and its particles in full size."""
    field = simulate_field(FieldSpec(40, 15_000, SIDE, SIDE, PIXEL), 5)
    raw, folder = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("project")
    half = np.random.default_rng(0).binomial(field.image.astype(int), 0.5)
    with tifffile.TiffWriter(raw / "a.tif") as tiff:
        for frame in (half, field.image.astype(int) - half):
            tiff.write(frame[::-1].astype(np.uint8), photometric="minisblack", compression="lzw", metadata=None)
    reported = {"pixel_size_angstrom": PIXEL, "voltage_kv": 300.0, "dose_per_frame": 25.0}
    settings = WORKLOAD.check_settings({**reported, "particle_diameter": DIAMETER, "particle_box": PIXEL * BOX})
    results = WORKLOAD.process(ExposureTask(raw / "a.tif", folder, settings))
    WORKLOAD.collect(folder, [("a.tif", results)])
    return folder, results


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_relion_cuts_out_the_same_particles(project: tuple[Path, Results]) -> None:
    folder, results = project
    radius = str(round(0.5 * DIAMETER / PIXEL))
    run(
        folder,
        *["relion_preprocess", "--i", "micrographs_ctf.star", "--reextract_data_star", results.products["particles"]],
        *["--extract", "--extract_size", str(BOX), "--norm", "--no_ramp", "--bg_radius", radius, "--invert_contrast"],
        *["--part_dir", "Extract/", "--part_star", "Extract/particles.star"],
    )
    (theirs,) = (folder / "Extract").rglob("*.mrcs")
    ours, other = mrcfile.read(folder / results.products["particle_stack"]), mrcfile.read(theirs)
    assert ours.shape == other.shape
    for own, cut in zip(ours, other, strict=True):
        np.testing.assert_allclose(own, cut, atol=0.02)


def test_relion_reads_our_stack(project: tuple[Path, Results]) -> None:
    folder, results = project
    for number, star in enumerate((results.products["particles"], "particles.star")):
        run(folder, "relion_stack_create", "--i", star, "--o", f"copy{number}")
        ours, copied = (
            mrcfile.read(folder / results.products["particle_stack"]),
            mrcfile.read(folder / f"copy{number}.mrcs"),
        )
        np.testing.assert_array_equal(ours, copied)
