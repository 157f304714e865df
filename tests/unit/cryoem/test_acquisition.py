from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from benchmarks.simulator.eer import encode_events, write_eer
from tests.unit.cryoem.movies import known_of

from cloudlet.cryoem.errors import AcquisitionUnknown, MovieTruncated
from cloudlet.cryoem.settings import CryoemSettings

WriteMovie = Callable[..., Path]
FRAMES = np.zeros((4, 260, 280), np.uint8)


def test_metadata_say_how_the_movie_was_taken(write_movie: WriteMovie) -> None:
    found = known_of(write_movie(FRAMES), CryoemSettings())
    assert found.pixel_size_angstrom == 1.4
    assert found.voltage_kv == 200
    assert found.frame_doses == (2.5,) * 4
    assert found.dose == 10
    assert found.target_defocus_um == 1.5
    assert found.gain is not None
    assert found.gain.name == "CountRef_A.mrc"


def test_settings_win_over_metadata(write_movie: WriteMovie) -> None:
    settings = CryoemSettings(pixel_size_angstrom=0.9, voltage_kv=300, dose_per_frame=1.0, gain=Path("/x/g.mrc"))
    found = known_of(write_movie(FRAMES), settings)
    assert (found.pixel_size_angstrom, found.voltage_kv, found.dose) == (0.9, 300, 4)
    assert found.gain == Path("/x/g.mrc")


def test_everything_missing_is_named_with_both_ways_to_give_it(write_movie: WriteMovie) -> None:
    with pytest.raises(AcquisitionUnknown) as reported:
        known_of(write_movie(FRAMES, mdoc=False), CryoemSettings(voltage_kv=200))
    assert reported.value.message == "Nobody says the pixel size nor the dose per frame of a.tif."
    for way in ("--pixel-size", "--dose-per-frame", "a.tif.mdoc", "PixelSpacing", "FrameDosesAndNumber"):
        assert way in reported.value.remedy
    assert "--voltage" not in reported.value.remedy


def test_frames_that_got_lost_since_are_reported(write_movie: WriteMovie) -> None:
    with pytest.raises(MovieTruncated, match="4 of the 9 frames"):
        known_of(write_movie(FRAMES, announced=9), CryoemSettings())


def test_frames_without_a_named_gain_are_taken_as_corrected(write_movie: WriteMovie) -> None:
    path = write_movie(FRAMES, mdoc=False)
    settings = CryoemSettings(pixel_size_angstrom=0.9, voltage_kv=300, dose_per_frame=1.0)
    assert known_of(path, settings).gain is None


def test_raw_frames_of_an_eer_movie_are_summed_up_to_fractions_and_the_last_one_keeps_its_own_dose(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.eer"
    write_eer(path, [encode_events(np.arange(5), np.arange(5), 64 * 64)] * 23, (64, 64))
    reported = {"pixel_size_angstrom": 0.8, "voltage_kv": 300, "dose_per_frame": 0.2, "eer_fraction_dose": 1.0}
    found = known_of(path, CryoemSettings(**reported))
    assert found.fractions.frames == 5
    np.testing.assert_allclose(found.frame_doses, [1.0, 1.0, 1.0, 1.0, 0.6])
    finer = known_of(path, CryoemSettings(**reported, eer_upsampling=2))
    assert (finer.pixel_size_angstrom, finer.binning) == (0.4, 2)


def test_an_eer_movie_says_its_own_pixel_size_and_dose(tmp_path: Path) -> None:
    path = tmp_path / "a.eer"
    write_eer(path, [encode_events(np.arange(5), np.arange(5), 64 * 64)] * 23, (64, 64))
    found = known_of(path, CryoemSettings(voltage_kv=300))
    assert found.pixel_size_angstrom == pytest.approx(0.7)
    assert found.dose == pytest.approx(12.25 / 0.7**2)
    assert found.sources["pixel size"] == "a.eer itself"
    assert found.sources["voltage"] == "the settings"
