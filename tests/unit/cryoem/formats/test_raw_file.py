"""Links and pipes in the raw folder: nobody is led elsewhere, and nobody waits."""

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from tests.unit.cryoem.movies import known_of, outline_of, read_movie

from cloudlet.cryoem.errors import GainUnreadable, MetadataUnreadable, MovieTruncated, MovieWrongType
from cloudlet.cryoem.formats.gain import read_gain
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.formats.raw_file import NotARegularFile, opened
from cloudlet.cryoem.metadata import metadata_sources
from cloudlet.cryoem.readiness import readiness_of
from cloudlet.cryoem.settings import CryoemSettings

WriteMovie = Callable[..., Path]
FRAMES = np.random.default_rng(0).poisson(4, (4, 260, 280)).astype(np.uint8)


def make_link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere.secret")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def make_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def make_socket(path: Path) -> None:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


TRAPS = [make_link, make_pipe, make_folder, make_socket]


@pytest.mark.parametrize("trap", TRAPS)
def test_what_is_no_file_is_never_opened(tmp_path: Path, trap: Callable[[Path], None]) -> None:
    (tmp_path / "a").write_text("secret")
    trap(tmp_path / "a")
    with pytest.raises(NotARegularFile), opened(tmp_path / "a"):
        pytest.fail("it was opened")


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("name", ["a.tif", "a.mrc"])
def test_a_movie_that_is_no_file_fails_at_once(
    write_movie: WriteMovie, name: str, trap: Callable[[Path], None]
) -> None:
    path = write_movie(FRAMES, name)
    trap(path)
    with pytest.raises(MovieWrongType, match="not a file of its own"):
        outline_of(path)
    readiness = readiness_of(path, CryoemSettings())
    assert readiness.is_final


@pytest.mark.parametrize("trap", TRAPS)
def test_metadata_that_is_no_file_is_reported(write_movie: WriteMovie, trap: Callable[[Path], None]) -> None:
    path = write_movie(FRAMES)
    trap(path.with_name("a.tif.mdoc"))
    with open_movie(path) as movie, pytest.raises(MetadataUnreadable, match="not a file of its own"):
        metadata_sources(movie)


def test_a_link_that_leads_nowhere_does_not_give_way_to_other_metadata(write_movie: WriteMovie) -> None:
    path = write_movie(FRAMES)
    path.with_name("a.tif.mdoc").rename(path.with_suffix(".mdoc"))
    path.with_name("a.tif.mdoc").symlink_to("nowhere")
    with open_movie(path) as movie, pytest.raises(MetadataUnreadable, match="not a file of its own"):
        metadata_sources(movie)


@pytest.mark.parametrize("trap", TRAPS)
def test_a_gain_reference_that_is_no_file_is_reported(tmp_path: Path, trap: Callable[[Path], None]) -> None:
    path = tmp_path / "gain.mrc"
    mrcfile.write(path, np.ones((260, 280), np.float32))
    trap(path)
    with pytest.raises(GainUnreadable, match="a link, a folder or a device"):
        read_gain(path, (260, 280))


def test_a_gain_reference_named_in_the_settings_may_be_a_link(write_movie: WriteMovie, tmp_path: Path) -> None:
    gain = tmp_path / "newest.mrc"
    mrcfile.write(gain, np.ones((260, 280), np.float32))
    make_link(gain)
    movie = write_movie(FRAMES)
    acquisition = known_of(movie, CryoemSettings(gain=gain))
    assert acquisition.gain == tmp_path / "elsewhere.secret"


def test_an_mrc_header_that_asks_for_gigabytes_reserves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mrc"
    mrcfile.write(path, FRAMES.astype(np.uint16))
    raw = bytearray(path.read_bytes())
    raw[92:96] = struct.pack("<i", 2**31 - 1)  # bytes of the extended header
    path.write_bytes(raw)
    with pytest.raises(MovieTruncated, match="frame 1"):
        outline_of(path)
    with pytest.raises(GainUnreadable):
        read_gain(path, (260, 280))


def test_an_mrc_file_of_the_other_byte_order_is_read(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "a.mrc", FRAMES.astype(">i2"))
    np.testing.assert_array_equal(read_movie(tmp_path / "a.mrc"), FRAMES)
