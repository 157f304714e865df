"""RELION itself beside the engine: the same movie, the same shifts, the same rows at the bottom."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from gemmi import cif
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cloudlet.analytics import ExposureTask, Results
from cloudlet.cryoem import WORKLOAD
from cloudlet.cryoem.errors import ProgramFailed, ProgramMissing

pytestmark = [pytest.mark.system, pytest.mark.needs("relion_run_motioncorr"), pytest.mark.timeout(300)]

SIDE, PIXEL = 512, 1.4
MOTION = np.outer(np.arange(8), (1.0, 0.5))
KNOWN = {"pixel_size_angstrom": PIXEL, "voltage_kv": 300.0, "dose_per_frame": 2.0, "keep_unweighted": True}


def counts() -> NDArray[np.uint8]:
    """Return frames of strong blobs that move by +1 row and +0.5 column a frame, brighter towards row 0."""
    rng = np.random.default_rng(0)
    specimen = gaussian_filter(rng.standard_normal((SIDE, SIDE)), 1.5, mode="wrap")
    specimen = 0.5 * specimen / specimen.std() + np.linspace(0.4, -0.4, SIDE)[:, None]
    y, x = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    transform = np.fft.rfft2(specimen)
    frames = []
    for dy, dx in MOTION:
        moved = np.fft.irfft2(transform * np.exp(-2j * np.pi * (y * dy + x * dx)))
        frames.append(rng.poisson(8 * np.maximum(1 + moved, 0)))
    return np.array(frames, np.uint8)


@pytest.fixture(scope="module", params=["tif", "mrc"])
def movie(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A movie in a raw folder, as either format."""
    path = tmp_path_factory.mktemp("raw") / f"a.{request.param}"
    frames = counts()
    if request.param == "tif":
        with tifffile.TiffWriter(path) as tiff:
            for frame in frames:
                tiff.write(frame[::-1], photometric="minisblack", compression="lzw", metadata=None)
    else:
        mrcfile.write(path, frames.astype(np.int16))
    return path


def processed(movie: Path, project: Path, **more: object) -> Results:
    return WORKLOAD.process(ExposureTask(movie, project, WORKLOAD.check_settings({**KNOWN, **more})))


def shifts(star: Path) -> NDArray[np.float64]:
    table = cif.read(str(star)).find_block("global_shift").find("_rlnMicrograph", ["ShiftX", "ShiftY"])
    return np.array([[float(cell) for cell in row] for row in table])


def test_relion_moves_frames_as_we_do_and_its_micrograph_lies_as_ours(movie: Path, tmp_path: Path) -> None:
    ours, theirs = processed(movie, tmp_path / "own"), processed(movie, tmp_path / "theirs", motion_program="relion")
    expected = -MOTION[:, ::-1]
    for folder, results in (("own", ours), ("theirs", theirs)):
        found = shifts(tmp_path / folder / results.products["motion"])
        np.testing.assert_allclose(found, expected, atol=0.1)
    for product in ("micrograph", "micrograph_unweighted"):
        own, other = (
            mrcfile.read(tmp_path / folder / results.products[product]).astype(float)
            for folder, results in (("own", ours), ("theirs", theirs))
        )
        inner = np.s_[40:-40, 40:-40]
        assert np.corrcoef(own[inner].ravel(), other[inner].ravel())[0, 1] > 0.95
        assert other[:100].mean() > other[-100:].mean(), "row 0 is the bright end for RELION too"
        assert own.mean() == pytest.approx(other.mean(), rel=0.01)
    assert set(theirs.measurements) <= {figure.key for figure in WORKLOAD.declaration.figures}
    assert theirs.measurements["motion_total"] == pytest.approx(ours.measurements["motion_total"], rel=0.1)
    assert not list((tmp_path / "theirs" / ".relion").iterdir())
    assert [each.name for each in movie.parent.iterdir()] == [movie.name]


def test_a_program_that_is_missing_or_fails_is_reported(movie: Path, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="no-such-program"):
        processed(movie, tmp_path, motion_program="relion", relion_motion_command="no-such-program")
    with pytest.raises(ProgramFailed, match="it said last"):
        processed(movie, tmp_path, motion_program="relion", relion_motion_command="false")
    with pytest.raises(ProgramFailed, match="missing"):
        processed(movie, tmp_path, motion_program="relion", relion_motion_command="true")
