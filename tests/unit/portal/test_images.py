import asyncio
import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from tests.swapping import swapping, until_both

from cloudlet.analytics import Results
from cloudlet.identity import Actor
from cloudlet.portal.errors import ImageMissing
from cloudlet.portal.images import MOST_BYTES, PIECE_BYTES, PictureResponse, open_picture

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


def read_picture(run, exposure, key) -> bytes:
    """Return the whole picture."""
    return b"".join(open_picture(run, exposure, key).pieces())


async def test_a_picture_is_served_as_what_it_is(browser, measured) -> None:
    async with browser("ada") as client:
        answer = await client.get(f"/exposures/{measured[1].id}/images/plate")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.startswith(b"\x89PNG")
    assert int(answer.headers["content-length"]) == len(answer.content)


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
        read_picture(run, naming(exposure, name), "plate")


def test_an_absolute_name_is_refused(measured, site) -> None:
    run, exposure = measured
    with pytest.raises(ImageMissing):
        read_picture(run, naming(exposure, str(site.folder / "secret.png")), "plate")


def test_a_link_that_leads_outside_is_refused(measured, site) -> None:
    run, exposure = measured
    (run.project_folder / "link.png").symlink_to(site.folder / "secret.png")
    with pytest.raises(ImageMissing):
        read_picture(run, naming(exposure, "link.png"), "plate")


def test_only_pictures_are_served(measured) -> None:
    run, exposure = measured
    (run.project_folder / "page.html").write_text("<script>")
    with pytest.raises(ImageMissing):
        read_picture(run, naming(exposure, "page.html"), "plate")


def test_a_linked_folder_is_refused(measured, site) -> None:
    run, exposure = measured
    (run.project_folder / "linked").symlink_to(site.folder)
    with pytest.raises(ImageMissing, match="linked is a link"):
        read_picture(run, naming(exposure, "linked/secret.png"), "plate")


def test_the_project_folder_itself_may_be_a_link(measured, site) -> None:
    run, exposure = measured
    run.project_folder.rename(site.folder / "elsewhere")
    run.project_folder.symlink_to("elsewhere")
    assert read_picture(run, exposure, "plate").startswith(b"\x89PNG")


def test_a_file_with_another_name_elsewhere_is_refused(measured, site) -> None:
    run, exposure = measured
    os.link(site.folder / "secret.png", run.project_folder / "hard.png")
    with pytest.raises(ImageMissing, match="hard link"):
        read_picture(run, naming(exposure, "hard.png"), "plate")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
async def test_what_is_no_file_is_refused_without_waiting(browser, measured, make) -> None:
    run, exposure = measured
    path = run.project_folder / exposure.results.images["plate"]
    path.unlink()
    make(path)
    async with browser("ada") as client:
        answer = await client.get(f"/exposures/{exposure.id}/images/plate")
    assert answer.status_code == 404
    assert "not a file" in answer.text


def test_a_picture_that_is_too_large_is_refused_before_it_is_all_read(measured) -> None:
    run, exposure = measured
    with (run.project_folder / "vast.png").open("wb") as file:
        file.truncate(MOST_BYTES)
    assert len(read_picture(run, naming(exposure, "vast.png"), "plate")) == MOST_BYTES
    os.truncate(run.project_folder / "vast.png", 1 << 40)
    with pytest.raises(ImageMissing, match="larger than 16 MiB"):
        read_picture(run, naming(exposure, "vast.png"), "plate")


async def test_a_large_picture_is_sent_in_pieces_and_its_file_closed_where_they_are_not_taken(measured) -> None:
    run, exposure = measured
    (run.project_folder / "large.png").write_bytes(bytes(3 * PIECE_BYTES + 1))
    picture = open_picture(run, naming(exposure, "large.png"), "plate")
    sent = []

    async def send(message) -> None:
        sent.append(len(message.get("body", b"")))
        if len(sent) == 3:  # the browser takes no more than two pieces
            raise ConnectionError

    async def receive():
        await asyncio.Event().wait()

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    with pytest.raises((ConnectionError, ClientDisconnect)):
        await PictureResponse(picture, {})(scope, receive, send)
    assert sent == [0, PIECE_BYTES, PIECE_BYTES]
    assert picture.file.closed


def test_a_picture_that_is_cut_while_it_is_sent_has_the_announced_length(measured) -> None:
    run, exposure = measured
    path = run.project_folder / "cut.png"
    path.write_bytes(b"x" * (2 * PIECE_BYTES))
    pieces = open_picture(run, naming(exposure, "cut.png"), "plate").pieces()
    first = next(pieces)
    os.truncate(path, PIECE_BYTES)
    assert first + b"".join(pieces) == b"x" * PIECE_BYTES + bytes(PIECE_BYTES)


@pytest.mark.parametrize("swapped", ["picture", "folder"])
async def test_no_secret_is_sent_while_somebody_swaps_for_a_link(browser, measured, site, swapped) -> None:
    run, exposure = measured
    path = run.project_folder / exposure.results.images["plate"]
    (site.folder / "plate").mkdir()
    (site.folder / "plate" / path.name).write_bytes(b"secret")
    name, target = (path, site.folder / "secret.png") if swapped == "picture" else (path.parent, site.folder / "plate")
    (run.project_folder / "link").symlink_to(target)
    sent = set()

    def attempt() -> bool:
        try:
            sent.add(read_picture(run, exposure, "plate"))
        except ImageMissing:
            return False
        return True

    with swapping(name, run.project_folder / "link"):
        until_both(attempt)
        async with browser("ada") as client:
            for _ in range(100):
                answer = await client.get(f"/exposures/{exposure.id}/images/plate")
                assert answer.status_code in {200, 404}
                assert b"secret" not in answer.content
    assert b"secret" not in sent


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=PATHS)
def test_no_name_leads_out_of_the_project_folder(measured, parts: list[str]) -> None:
    run, exposure = measured
    try:
        found = read_picture(run, naming(exposure, "/".join(parts)), "plate")
    except ImageMissing:
        return
    assert found != b"secret"
