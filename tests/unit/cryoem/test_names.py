import re
from pathlib import Path

import pytest

from cloudlet.cryoem import WORKLOAD
from cloudlet.cryoem.formats.readers import reader_of
from cloudlet.cryoem.names import MOVIE_SUFFIXES, SUFFIXES, Use, movie_stem


@pytest.mark.parametrize(
    "name",
    [
        "GRID1_00001_Nov23_23.41.05.tif",
        "a.TIFF",
        "b.mrc",
        "c.mrcs",
        "d.eer",
        "e.mrc.bz2",
        "f.mrcs.GZ",
        "refined_sample.tif",
    ],
)
def test_movies_are_known_by_their_names(name: str) -> None:
    assert WORKLOAD.is_exposure(name)


@pytest.mark.parametrize(
    "name",
    [
        "CountRef_GRID1.mrc",
        "SuperRef_s_mmm_00000.tif",
        "gain.mrc",
        "session_Gain-ref.tif",
        "defects_today.mrc",
        "dark_0001.mrc",
        "a.tif.mdoc",
        ".a.tif",
        "a.jpg",
        "notes",
        "a.bz2",
        "a.tif.gz",
    ],
)
def test_metadata_references_and_others_are_not_movies(name: str) -> None:
    assert not WORKLOAD.is_exposure(name)


@pytest.mark.parametrize("name", ["a.tif", "a.mrc.bz2", "a.eer", "folder/a.mrcs"])
def test_products_are_called_after_the_movie_without_its_suffix(name: str) -> None:
    assert movie_stem(name) == "a"


def test_one_table_says_which_suffixes_movies_have_and_the_sentence_tells_them_all() -> None:
    movies = {suffix for suffix, what in SUFFIXES.items() if what.use is Use.FRAMES}
    plain = set(re.findall(r"\.\w+", MOVIE_SUFFIXES)) - {".gz", ".bz2"}
    assert movies == plain | {f".{kind}.{by}" for kind in ("mrc", "mrcs") for by in ("gz", "bz2")}
    for suffix in SUFFIXES:
        assert WORKLOAD.is_exposure(f"a{suffix.upper()}") == (suffix in movies)
        assert (reader_of(Path(f"a{suffix}")) is not None) == (suffix in movies)
