import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from gemmi import cif
from PIL import Image

from cloudlet.analytics import ExposureTask, Results, find_workload
from cloudlet.cryoem import WORKLOAD
from cloudlet.cryoem.errors import GainMissing, GainWrongSize, MovieTruncated, MovieUnreadable, MovieVanished
from cloudlet.errors import CloudletError

WriteMovie = Callable[..., Path]
Drifting = Callable[..., np.ndarray]
SIDE = 384
MOTION = np.outer(np.arange(6), (0.9, -0.6))


def task(path: Path) -> ExposureTask:
    return ExposureTask(path, path.parent.parent / "project", WORKLOAD.check_settings({"keep_unweighted": True}))


def write_gain(path: Path, shape: tuple[int, int] = (SIDE, SIDE)) -> None:
    mrcfile.write(path.with_name("CountRef_A.mrc"), np.ones(shape, np.float32), overwrite=True)


@pytest.fixture
def done(write_movie: WriteMovie, drifting: Drifting) -> tuple[ExposureTask, Results]:
    frames = drifting(MOTION, SIDE)
    frames[:, 17, 30] = 90
    path = write_movie(frames)
    write_gain(path)
    return task(path), WORKLOAD.process(task(path))


def test_importing_the_workload_imports_no_numerics() -> None:
    heavy = ("numpy", "scipy", "tifffile", "mrcfile", "gemmi", "PIL", "numba")
    code = f"import cloudlet.cryoem, sys; sys.exit(' '.join(m for m in {heavy!r} if m in sys.modules) or None)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_workload_is_found_by_its_entry_point() -> None:
    assert find_workload("cryoem").declaration.key == "cryoem"


def test_workload_and_errors_travel_to_workers() -> None:
    assert pickle.loads(pickle.dumps(WORKLOAD)).declaration == WORKLOAD.declaration  # noqa: S301 - our own bytes
    error = pickle.loads(pickle.dumps(GainMissing("It is gone.", "Bring it.")))  # noqa: S301 - our own bytes
    assert (error.slug, error.message, error.remedy) == ("gain-missing", "It is gone.", "Bring it.")


def test_targets_and_small_pictures_name_what_is_declared() -> None:
    declaration = WORKLOAD.declaration
    keys = [figure.key for figure in declaration.figures]
    assert len(set(keys)) == len(keys)
    assert {figure.target for figure in declaration.figures} <= {*keys, None}
    assert {image.small_of for image in declaration.images} <= {*(i.key for i in declaration.images), None}


def test_a_movie_is_measured(done: tuple[ExposureTask, Results]) -> None:
    measured = done[1].measurements
    assert set(measured) <= {figure.key for figure in WORKLOAD.declaration.figures}
    assert measured["counts"] == pytest.approx(4.0, rel=0.02)
    assert measured["motion_total"] == pytest.approx(5 * np.hypot(0.9, 0.6) * 1.4, rel=0.15)
    assert measured["motion_first"] == pytest.approx(1.5 * np.hypot(0.9, 0.6) * 1.4, rel=0.4)
    assert measured["target_defocus"] == 1.5
    assert measured["dose"] == 15
    assert measured["frames"] == 6
    assert measured["hot_pixels"] == 1
    assert set(done[1].seconds) == {stage.key for stage in WORKLOAD.declaration.stages}


def test_products_and_pictures_are_where_the_results_say(done: tuple[ExposureTask, Results]) -> None:
    folder, results = done[0].project_folder, done[1]
    for product in ("micrograph", "micrograph_unweighted"):
        with mrcfile.open(folder / results.products[product]) as file:
            assert file.data.shape == (SIDE, SIDE)
            assert file.voxel_size.x == pytest.approx(1.4)
    for image in ("micrograph", "thumbnail", "power_spectrum"):
        with Image.open(folder / results.images[image]) as picture:
            assert picture.mode == "L"
    assert not list(folder.rglob("*.part"))


def test_the_unweighted_sum_shows_the_specimen_as_it_was_in_the_first_frame(
    done: tuple[ExposureTask, Results], drifting: Drifting
) -> None:
    still = drifting(np.zeros((1, 2)), SIDE, rate=100.0)[0].astype(float)
    with mrcfile.open(done[0].project_folder / done[1].products["micrograph_unweighted"]) as file:
        inner = np.s_[30:-30, 30:-30]
        here = np.corrcoef(file.data[inner].ravel(), still[inner].ravel())[0, 1]
        turned = np.corrcoef(file.data[::-1][inner].ravel(), still[inner].ravel())[0, 1]
    assert here > 0.3
    assert abs(turned) < 0.1


def test_the_motion_star_applied_to_the_raw_movie_reproduces_the_sum(
    done: tuple[ExposureTask, Results], drifting: Drifting
) -> None:
    folder, results = done[0].project_folder, done[1]
    table = cif.read(str(folder / results.products["motion"])).find_block("global_shift")
    shifts = np.array([[float(cell) for cell in row] for row in table.find("_rlnMicrograph", ["ShiftY", "ShiftX"])])
    y, x = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    frames = np.fft.rfft2(drifting(MOTION, SIDE).astype(float))
    frames *= np.exp(-2j * np.pi * (shifts[:, :1, None] * y + shifts[:, 1:, None] * x))
    soft = np.exp(-np.square(np.hypot(y, x) / 0.1) / 2)  # interpolation differs at the highest frequencies alone
    inner = np.s_[30:-30, 30:-30]
    expected = np.fft.irfft2(frames.sum(axis=0) * soft)[inner]
    ours = mrcfile.read(folder / results.products["micrograph_unweighted"])
    difference = np.fft.irfft2(np.fft.rfft2(ours) * soft)[inner] - expected
    difference = np.delete(difference, np.s_[:10], axis=0)  # where the hot pixel is
    assert difference.std() < 0.005 * expected.std()


def test_processing_twice_gives_the_same(done: tuple[ExposureTask, Results]) -> None:
    again = WORKLOAD.process(done[0])
    assert again.measurements == done[1].measurements
    assert again.products == done[1].products


def test_the_raw_folder_is_left_as_it_was(write_movie: WriteMovie, drifting: Drifting) -> None:
    path = write_movie(drifting(MOTION, SIDE))
    write_gain(path)
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    WORKLOAD.process(task(path))
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before


def test_the_collection_lists_every_result(done: tuple[ExposureTask, Results]) -> None:
    folder, results = done[0].project_folder, done[1]
    WORKLOAD.collect(folder, [("b.tif", results), ("a.tif", results)])
    for name in ("corrected_micrographs.star", "micrographs_ctf.star"):
        block = cif.read(str(folder / name)).find_block("micrographs")
        assert block is not None
        assert len(block.find_values("_rlnMicrographName")) == 2


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda movie: movie.unlink(), MovieVanished),
        (lambda movie: movie.write_bytes(movie.read_bytes()[:-500]), MovieTruncated),
        (lambda movie: movie.with_name("CountRef_A.mrc").unlink(), GainMissing),
        (lambda movie: write_gain(movie, (SIDE, SIDE + 2)), GainWrongSize),
    ],
    ids=["vanished", "truncated", "gain missing", "gain of another size"],
)
def test_bad_input_ends_in_a_sentence_and_what_to_do(
    write_movie: WriteMovie, drifting: Drifting, spoil: Callable[[Path], None], error: type[CloudletError]
) -> None:
    path = write_movie(drifting(MOTION[:2], SIDE))
    write_gain(path)
    spoil(path)
    with pytest.raises(error) as reported:
        WORKLOAD.process(task(path))
    assert reported.value.message.endswith(".")
    assert reported.value.remedy.endswith(".")


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_movie_with_a_pixel_that_is_no_number_is_reported_by_name(write_movie: WriteMovie, value: float) -> None:
    frames = np.random.default_rng(0).poisson(4, (4, 256, 256)).astype(np.float32)
    frames[2, 100, 101] = value
    path = write_movie(frames)
    write_gain(path, (256, 256))
    with pytest.raises(MovieUnreadable, match=r"a\.tif hold values that are no numbers"):
        WORKLOAD.process(task(path))


def test_a_blank_movie_is_reported(write_movie: WriteMovie) -> None:
    path = write_movie(np.zeros((4, 256, 256), np.uint8))
    write_gain(path, (256, 256))
    with pytest.raises(MovieUnreadable, match=r"All frames of a\.tif are empty"):
        WORKLOAD.process(task(path))


def test_defects_that_the_mdoc_names_are_used_where_they_are_there(
    write_movie: WriteMovie, drifting: Drifting, tmp_path: Path
) -> None:
    path = write_movie(drifting(MOTION, SIDE))
    write_gain(path)
    mdoc = path.with_name(path.name + ".mdoc")
    mdoc.write_text(mdoc.read_text() + "DefectFile = defects_A.txt\n")
    assert WORKLOAD.process(task(path)).measurements["hot_pixels"] == 0
    path.with_name("defects_A.txt").write_text(f"CameraSizeX {SIDE}\nCameraSizeY {SIDE}\nBadColumns 7 100\n")
    assert WORKLOAD.process(task(path)).measurements["hot_pixels"] == 2 * SIDE
    chosen = {"defects": str(tmp_path / "gone.txt")}
    with pytest.raises(CloudletError, match=r"gone\.txt cannot be used"):
        WORKLOAD.process(ExposureTask(path, tmp_path / "project", WORKLOAD.check_settings(chosen)))


def test_a_dead_frame_is_left_out_but_its_dose_counts(write_movie: WriteMovie, drifting: Drifting) -> None:
    frames = drifting(MOTION, SIDE)
    frames[3] = 0
    path = write_movie(frames)
    write_gain(path)
    measured = WORKLOAD.process(task(path)).measurements
    assert measured["dead_frames"] == 1
    assert measured["dose"] == 15
    assert measured["motion_total"] == pytest.approx(5 * np.hypot(0.9, 0.6) * 1.4, rel=0.15)
