from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from benchmarks.simulator import FieldSpec, SimulatedField, simulate_field
from gemmi import cif
from scipy.spatial import cKDTree

from cloudlet.analytics import ExposureTask, Results
from cloudlet.cryoem import WORKLOAD
from cloudlet.errors import CloudletError

PIXEL, SIDE = 2.0, 1024
KNOWN = {"pixel_size_angstrom": PIXEL, "voltage_kv": 300.0, "dose_per_frame": 12.5}


@pytest.fixture(scope="module")
def field() -> SimulatedField:
    return simulate_field(FieldSpec(60, 15_000, SIDE, SIDE, PIXEL), 1)


@pytest.fixture(scope="module")
def movie(field: SimulatedField, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The field's electrons, dealt out to four frames."""
    path = tmp_path_factory.mktemp("raw") / "a.tif"
    rng, left = np.random.default_rng(0), field.image.astype(int)
    with tifffile.TiffWriter(path) as tiff:
        for rest in (4, 3, 2, 1):
            frame = rng.binomial(left, 1 / rest)
            left -= frame
            tiff.write(frame[::-1].astype(np.uint8), photometric="minisblack", compression="lzw", metadata=None)
    return path


def processed(movie: Path, project: Path, **more: object) -> Results:
    return WORKLOAD.process(ExposureTask(movie, project, WORKLOAD.check_settings({**KNOWN, **more})))


def test_particles_are_picked_cut_out_and_reported_to_relion(
    field: SimulatedField, movie: Path, tmp_path: Path
) -> None:
    results = processed(movie, tmp_path, particle_diameter=80.0, particle_box=150.0, particle_pixel_size=4.0)
    document = cif.read(str(tmp_path / results.products["particles"]))
    table = document.find_block("particles").find("_rln", ["CoordinateX", "CoordinateY", "ImageName", "DefocusU"])
    places = np.array([[float(row[1]), float(row[0])] for row in table])
    true = np.stack([field.rows, field.columns], axis=1)
    assert len(places) == results.measurements["particles"] > 40
    assert np.mean(cKDTree(true).query(places)[0] < 0.3 * 80 / PIXEL) > 0.9
    assert results.measurements["picking_confidence"] > 85
    assert results.measurements["contamination"] < 5
    defocus = np.array([float(row[3]) for row in table])
    assert np.median(defocus) == pytest.approx(15_000, abs=400)
    stack = results.products["particle_stack"]
    assert [row[2] for row in table][:2] == [f"000001@{stack}", f"000002@{stack}"]
    with mrcfile.open(tmp_path / stack) as file:
        assert file.data.shape == (len(places), 38, 38)
        assert file.voxel_size.x == pytest.approx(PIXEL * 76 / 38)
        mean = file.data.mean(axis=0)
    assert mean[17:21, 17:21].mean() > 1.0, "particles are white, and in the middle"
    optics = document.find_block("optics").find("_rln", ["ImagePixelSize", "ImageSize", "Voltage"])
    assert [float(value) for value in optics[0]] == [4.0, 38, 300]
    WORKLOAD.collect(tmp_path, [("a.tif", results)])
    assert (tmp_path / "particles.star").read_text() == (tmp_path / results.products["particles"]).read_text()


def test_without_a_diameter_nothing_is_picked(movie: Path, tmp_path: Path) -> None:
    results = processed(movie, tmp_path)
    assert "particles" not in results.products
    assert "particles" not in results.measurements
    assert not (tmp_path / "particles").exists()


def test_a_box_larger_than_the_micrograph_leaves_none(movie: Path, tmp_path: Path) -> None:
    results = processed(movie, tmp_path, particle_diameter=80.0, particle_box=3000.0)
    assert results.measurements["particles"] == 0
    assert "particle_stack" not in results.products


def test_a_box_smaller_than_its_particle_is_refused() -> None:
    with pytest.raises(CloudletError, match="particle_box is smaller"):
        WORKLOAD.check_settings({"particle_diameter": 200.0, "particle_box": 100.0})
