"""RELION's polishing reads our STAR files and starts from our tracks."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from gemmi import cif
from numpy.typing import NDArray

from cloudlet.analytics import ExposureTask
from cloudlet.cryoem import WORKLOAD
from cloudlet.cryoem.formats.motion_star import MovieMotion, write_motion_star
from cloudlet.openat import FileBeneath

pytestmark = [
    pytest.mark.system,
    pytest.mark.needs("relion_motion_refine", "relion_postprocess"),
    pytest.mark.timeout(300),
]

SIDE, BOX, PIXEL, FRAMES = 768, 64, 2.8, 6
KNOWN = {"pixel_size_angstrom": PIXEL, "voltage_kv": 300.0, "dose_per_frame": 2.0}
PLACES = [(y, x) for y in range(96, SIDE - 64, 160) for x in range(96, SIDE - 64, 160)]
PLACED = ["ImageName", "MicrographName", "CoordinateX", "CoordinateY", "AngleRot", "AngleTilt", "AnglePsi"]
FITTED = ["OriginXAngst", "OriginYAngst", "DefocusU", "DefocusV", "DefocusAngle", "RandomSubset", "OpticsGroup"]
MICROSCOPE = ["OpticsGroupName", "OpticsGroup", "MicrographOriginalPixelSize", "Voltage", "SphericalAberration"]
IMAGES = ["AmplitudeContrast", "ImagePixelSize", "ImageSize", "ImageDimensionality"]


@dataclass(frozen=True)
class Project:
    """What polishing is started from."""

    folder: Path
    movie: Path

    def tracks(self) -> NDArray[np.float64]:
        """Return where RELION begins, in pixels: shape (particles, frames, 2), (y, x)."""
        command = ["relion_motion_refine", "--i", "particles.star", "--f", "post.star", "--o", "Polish/", "--diag"]
        command += ["--corr_mic", "corrected_micrographs.star", "--m1", "half1_class001_unfil.mrc"]
        command += ["--m2", "half2_class001_unfil.mrc", "--mask", "mask.mrc", "--first_frame", "1"]
        command += ["--s_vel", "0.2", "--s_div", "5000", "--s_acc", "2", "--max_iters", "0"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        document = cif.read(str(self.folder / "Polish" / "micrographs" / "a_tracks.star"))
        found = []
        for number in range(len(PLACES)):
            table = document.find_block(str(number)).find("_rlnOrigin", ["YAngst", "XAngst"])
            found.append([[float(cell) / PIXEL for cell in row] for row in table])
        return np.array(found)


def write_volume(path: Path, volume: NDArray[np.float32]) -> None:
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(volume.astype(np.float32))
        file.voxel_size = PIXEL


def table(name: str, columns: list[str], rows: list[str]) -> str:
    return f"data_{name}\n\nloop_\n" + "".join(f"_rln{column}\n" for column in columns) + "\n".join(rows) + "\n\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A processed movie of a moving specimen, a reference, and particles at some places."""
    rng = np.random.default_rng(0)
    raw, folder = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("project")
    movie = raw / "a.tif"
    y, x = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    specimen = np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * np.exp(-40 * (y**2 + x**2))
    specimen *= 0.2 / np.fft.irfft2(specimen).std()
    with tifffile.TiffWriter(movie) as tiff:
        for frame in range(FRAMES):
            moved = np.fft.irfft2(specimen * np.exp(-2j * np.pi * (y * frame + x * 0.5 * frame)))
            counts = rng.poisson(8 * np.maximum(1 + moved, 0)).astype(np.uint8)
            tiff.write(counts[::-1], photometric="minisblack", compression="lzw", metadata=None)
    results = WORKLOAD.process(ExposureTask(movie, folder, WORKLOAD.check_settings(KNOWN)))
    WORKLOAD.collect(folder, [(movie.name, results)])
    distance = np.sqrt(sum(np.square(axis - BOX // 2) for axis in np.mgrid[:BOX, :BOX, :BOX]))
    ball = np.exp(-np.square(distance / 10))
    for half in ("half1", "half2"):
        write_volume(folder / f"{half}_class001_unfil.mrc", ball + 0.01 * rng.standard_normal(ball.shape))
    write_volume(folder / "mask.mrc", distance < 24)
    mrcfile.write(folder / "particles.mrcs", rng.standard_normal((len(PLACES), BOX, BOX)).astype(np.float32))
    rows = [
        f"{n + 1:06d}@particles.mrcs micrographs/a.mrc {at_x} {at_y} 0 0 0 0 0 10000 10000 0 {n % 2 + 1} 1"
        for n, (at_y, at_x) in enumerate(PLACES)
    ]
    optics = table("optics", MICROSCOPE + IMAGES, [f"opticsGroup1 1 {PIXEL} 300 2.7 0.1 {PIXEL} {BOX} 2"])
    (folder / "particles.star").write_text(optics + table("particles", PLACED + FITTED, rows))
    command = ["relion_postprocess", "--i", "half1_class001_unfil.mrc", "--o", "post", "--mask", "mask.mrc"]
    subprocess.run([*command, "--angpix", str(PIXEL)], cwd=folder, capture_output=True, check=False)
    assert (folder / "post.star").exists()
    return Project(folder, movie)


def test_polishing_starts_from_the_path_we_measured(project: Project) -> None:
    expected = np.outer(np.arange(FRAMES), (1.0, 0.5))
    tracks = project.tracks()
    assert tracks.shape == (len(PLACES), FRAMES, 2)
    np.testing.assert_allclose(tracks - tracks[:, :1], np.broadcast_to(expected, tracks.shape), atol=0.15)


def test_polishing_evaluates_our_local_model_as_we_mean_it(project: Project) -> None:
    rng = np.random.default_rng(1)
    scale = np.tile([1e-1, 1e-2, 1e-3], 6)
    local = rng.normal(0, 1, (2, 18)) * scale
    path = np.cumsum(rng.normal(0, 1, (FRAMES, 2)), axis=0)
    path -= path[0]
    motion = MovieMotion(
        movie_name=str(project.movie),
        shape=(FRAMES, SIDE, SIDE),
        gain_name=None,
        pixel_size_angstrom=PIXEL,
        binning=1,
        dose_per_frame=2.0,
        pre_exposure=0.0,
        voltage_kv=300.0,
        motion=path,
        local=local,
        hot_pixels=[(3, 4)],
    )
    star = project.folder / "micrographs" / "a.star"
    before = star.read_bytes()
    write_motion_star(FileBeneath(star.parent, star.name), motion)
    try:
        tracks = project.tracks()
    finally:
        star.write_bytes(before)
    z = np.arange(FRAMES, dtype=float)
    times = np.stack([z, z**2, z**3], axis=-1)
    for (at_y, at_x), track in zip(PLACES, tracks, strict=True):
        y, x = at_y / SIDE - 0.5, at_x / SIDE - 0.5
        places = np.array([1, x, x**2, y, y**2, x * y])
        expected = path + np.stack([times @ (places @ axis.reshape(6, 3)) for axis in local], axis=-1)
        np.testing.assert_allclose(track - track[0], expected, atol=0.02)
