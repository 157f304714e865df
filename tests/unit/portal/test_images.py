from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudlet.analytics import Results
from cloudlet.identity import Actor
from cloudlet.portal.errors import ImageMissing
from cloudlet.portal.images import image_path

TESTER = Actor.host("tester")

PATHS = st.lists(st.sampled_from(["..", ".", "inside", "secret.png", "", "/", "~", "plate"]), max_size=6)


@pytest.fixture
def measured(site):
    """A run, and an exposure with pictures beside a secret outside of the project folder."""
    run = site.begin_run("ada")
    number = site.measure(run, "one.plate", {"haze": 3})
    (site.folder / "secret.png").write_bytes(b"secret")
    return run, site.runs.exposure(number, by=TESTER)


def naming(exposure, name):
    return replace(exposure, results=Results({}, {"plate": name}))


async def test_a_picture_is_served_as_what_it_is(browser, measured) -> None:
    async with browser("ada") as client:
        answer = await client.get(f"/exposures/{measured[1].id}/images/plate")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.startswith(b"\x89PNG")


async def test_a_picture_may_be_kept_for_ever_only_under_the_present_change(browser, measured) -> None:
    address = f"/exposures/{measured[1].id}/images/plate"
    async with browser("ada") as client:
        present = await client.get(f"{address}?v={measured[1].change}")
        former = await client.get(f"{address}?v={measured[1].change - 1}")
        again = await client.get(address, headers={"if-none-match": present.headers["etag"]})
    assert present.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert former.headers["cache-control"] == "private, no-cache"
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize("name", ["../secret.png", "plate/../../secret.png", "", ".", "plate", "nothing.png"])
def test_a_name_that_leads_nowhere_or_outside_is_refused(measured, name) -> None:
    run, exposure = measured
    with pytest.raises(ImageMissing):
        image_path(run, naming(exposure, name), "plate")


def test_an_absolute_name_is_refused(measured, site) -> None:
    run, exposure = measured
    with pytest.raises(ImageMissing):
        image_path(run, naming(exposure, str(site.folder / "secret.png")), "plate")


def test_a_link_that_leads_outside_is_refused(measured, site) -> None:
    run, exposure = measured
    (run.project_folder / "link.png").symlink_to(site.folder / "secret.png")
    with pytest.raises(ImageMissing):
        image_path(run, naming(exposure, "link.png"), "plate")


def test_only_pictures_are_served(measured) -> None:
    run, exposure = measured
    (run.project_folder / "page.html").write_text("<script>")
    with pytest.raises(ImageMissing):
        image_path(run, naming(exposure, "page.html"), "plate")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=PATHS)
def test_no_name_leads_out_of_the_project_folder(measured, parts: list[str]) -> None:
    run, exposure = measured
    try:
        found = image_path(run, naming(exposure, "/".join(parts)), "plate")
    except ImageMissing:
        return
    assert Path(run.project_folder).resolve() in found.parents
