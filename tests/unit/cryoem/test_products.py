from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.analytics import ProjectFolderInRaw
from cloudlet.cryoem import WORKLOAD
from cloudlet.cryoem.products import ProductPaths
from cloudlet.openat import FileBeneath

NAMES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["g1", "g2", "g1_", ""]),
        st.lists(st.sampled_from(["_noDW", "_small", "_spectrum", "a"]), max_size=3).map("".join),
        st.sampled_from([".tif", ".mrc", ".tiff"]),
    ),
)


def paths(name: str) -> set[str]:
    own = ProductPaths(Path(name))
    return {*own.products.values(), *own.images.values()}


@given(st.lists(NAMES, min_size=2, max_size=8, unique=True))
def test_movies_whose_products_would_have_a_name_in_common_have_the_same_key(names: list[str]) -> None:
    for one, other in combinations(names, 2):
        if paths(one) & paths(other):
            assert WORKLOAD.product_key(one) == WORKLOAD.product_key(other)


def test_other_movies_have_keys_of_their_own() -> None:
    names = ("g1.tif", "g2.tif", "g1_small_a.tif", "g1_noDW_2.tif", "noDW.tif")
    assert len({WORKLOAD.product_key(name) for name in names}) == len(names)


def test_products_lie_in_the_folders_that_the_workload_names() -> None:
    assert {path.partition("/")[0] for path in paths("g1.tif")} == set(WORKLOAD.product_folders)


@pytest.mark.parametrize("place", ["raw", "raw/within"])
def test_no_product_is_written_through_a_link_into_the_folder_of_its_movie(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "micrographs").symlink_to(tmp_path / place)
    own = ProductPaths(tmp_path / "raw" / "a.mrc")
    with pytest.raises(ProjectFolderInRaw):
        own.target(tmp_path / "project", own.products["micrograph"])
    picture = own.images["micrograph"]
    assert own.target(tmp_path / "project", picture) == FileBeneath(tmp_path / "project", picture)
