import re

import pytest

from cloudlet.access import Authorization
from cloudlet.access.presence_store import PresenceStore
from cloudlet.identity import Actor
from cloudlet.instruments import Level

TESTER = Actor.host("tester")

PAGES = ("/instruments/mast", "/instruments/mast/cockpit", "/exposures/1")
QUESTIONS = ("/api/instruments/mast", "/api/runs/1/snapshot", "/api/runs/1/events", "/api/exposures/1")


@pytest.fixture
def measured(site):
    """One measured plate of a session that ada alone belongs to."""
    run = site.begin_run("ada")
    site.measure(run, "one.plate", {"haze": 3.44})


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_sends_who_is_not_signed_in_home_and_remembers_where_to(browser, measured, path) -> None:
    async with browser(None) as client:
        answer = await client.get(path)
        assert answer.status_code == 303
        home = await client.get(answer.headers["location"])
    assert "next=%2F" in answer.headers["location"]
    assert f"/sign-in?provider=home&amp;next={path}" in home.text.replace("%2F", "/")


@pytest.mark.parametrize("path", QUESTIONS)
async def test_a_question_of_a_program_that_is_not_signed_in_is_401(browser, measured, path) -> None:
    async with browser(None) as client:
        answer = await client.get(path)
    assert answer.status_code == 401
    assert answer.json()["slug"] == "sign-in-needed"


@pytest.mark.parametrize("path", ["/instruments/mast", "/instruments/mast/cockpit", "/api/instruments/mast"])
async def test_a_person_without_rights_gets_to_no_instrument(browser, measured, path) -> None:
    async with browser("eve") as client:
        assert (await client.get(path)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/exposures/{}",
        "/exposures/{}/images/plate",
        "/api/exposures/{}",
        "/api/runs/{}/snapshot",
        "/api/runs/{}/events",
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_results_of_others_and_results_that_are_not_there_are_answered_alike(
    browser, measured, path, accept
) -> None:
    async with browser("eve") as client:
        answers = [await client.get(path.format(number), headers={"accept": accept}) for number in (1, 99, 2**40)]
    assert {answer.status_code for answer in answers} == {404}
    texts = [re.sub(r"/exposures/\d+[^\"]*", "", answer.text) for answer in answers]
    assert texts[0] == texts[1] == texts[2]


async def test_a_person_without_rights_gets_no_ticket(browser, measured) -> None:
    async with browser("eve") as client:
        answer = await client.post("/api/instruments/mast/ticket")
    assert answer.status_code == 403
    assert "secret" not in answer.text


async def test_an_unknown_instrument_and_a_forbidden_one_look_the_same(browser, measured) -> None:
    async with browser("eve") as client:
        answers = [await client.get(f"/api/instruments/{key}") for key in ("mast", "nothing")]
    assert answers[0].status_code == answers[1].status_code == 403
    assert answers[0].text == answers[1].text


async def test_a_person_without_rights_sees_no_instrument_and_learns_how_to_get_in(browser, measured) -> None:
    async with browser("eve") as client:
        home, listed = await client.get("/"), await client.get("/api/instruments")
    assert "North mast" not in home.text
    assert "no instrument for you" in home.text
    assert "help@example.org" in home.text
    assert listed.json() == []


async def test_results_are_for_the_people_of_the_session_only(browser, measured) -> None:
    async with browser("ben") as client:
        assert (await client.get("/instruments/mast")).status_code == 200
        assert (await client.get("/api/instruments/mast")).json()["run"] is None
        for path in ("/exposures/1", "/exposures/1/images/plate", "/api/runs/1/snapshot", "/api/exposures/1"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/api/exposures/1/retry")).status_code == 404
        assert (await client.post("/exposures/1/retry")).status_code == 404


@pytest.mark.parametrize("path", ["/api/exposures/{}/retry", "/exposures/{}/retry"])
async def test_who_may_only_observe_in_a_session_sees_its_failures_but_has_nothing_tried_again(
    browser, site, path
) -> None:
    run = site.begin_run("ada", "ben")
    number = site.fail(run, "one.plate")
    async with browser("ben") as client:
        page = await client.get(f"/exposures/{number}")
        assert "plate is cracked" in page.text
        assert "Retry" not in page.text
        assert (await client.get(f"/api/runs/{run.id}/snapshot")).json()["may_retry"] is False
        refused = await client.post(path.format(number))
    assert refused.status_code == 403
    assert "needs the level operate" in refused.text
    assert site.runs.exposure(number, by=TESTER).state == "failed"
    async with browser("ada") as client:
        assert "Retry" in (await client.get(f"/exposures/{number}")).text
        assert (await client.get(f"/api/runs/{run.id}/snapshot")).json()["may_retry"] is True
        await client.post(path.format(number))
    assert site.runs.exposure(number, by=TESTER).state == "queued"


@pytest.mark.parametrize(("person", "level", "may_operate"), [("ada", "operate", True), ("ben", "observe", False)])
async def test_a_ticket_says_how_much_it_allows(browser, site, person, level, may_operate) -> None:
    async with browser(person) as client:
        ticket = (await client.post("/api/instruments/mast/ticket")).json()
    assert ticket["url"] == "ws://127.0.0.1:8441/console/mast"
    assert ticket["subprotocols"][0] == "rfb.cloudlet"
    assert (ticket["level"], ticket["may_operate"]) == (level, may_operate)


async def test_who_may_only_view_results_gets_no_ticket_and_the_reason(browser, site) -> None:
    site.grant("carl", Level.VIEW_RESULTS)
    async with browser("carl") as client:
        answer = await client.post("/api/instruments/mast/ticket")
    assert answer.status_code == 403
    assert "not its screen" in answer.json()["message"]


async def test_another_sites_page_cannot_make_a_browser_ask_for_a_ticket(browser, site) -> None:
    async with browser("ada") as client:
        answer = await client.post("/api/instruments/mast/ticket", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert answer.json()["slug"] == "cross-origin"


@pytest.mark.parametrize("path", ["/exposures/99", "/api/runs/99/snapshot", "/nowhere", "/exposures/1/images/none"])
async def test_what_does_not_exist_is_404(browser, measured, path) -> None:
    async with browser("ada") as client:
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("number", [10**19, 2**63, 0, -1])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/exposures/{}"),
        ("POST", "/exposures/{}/retry"),
        ("GET", "/exposures/{}/images/plate"),
        ("GET", "/api/exposures/{}"),
        ("POST", "/api/exposures/{}/retry"),
        ("GET", "/api/runs/{}/snapshot"),
        ("GET", "/api/runs/{}/events"),
    ],
)
async def test_a_number_that_nothing_can_have_is_refused(browser, measured, method, path, number) -> None:
    async with browser("ada") as client:
        assert (await client.request(method, path.format(number))).status_code == 422


@pytest.mark.parametrize("path", ["/instruments/a%00", "/instruments/%00/cockpit", "/api/instruments/%00"])
async def test_a_name_that_nothing_can_have_is_refused(browser, site, path) -> None:
    async with browser("ada") as client:
        answer = await client.get(path)
    assert answer.status_code == 422
    assert "characters that cannot be stored" in answer.text


@pytest.mark.parametrize("number", [2**63 - 1, 2**31, 99])
async def test_the_largest_number_that_something_could_have_is_404(browser, measured, number) -> None:
    async with browser("ada") as client:
        for path in ("/exposures/{}", "/api/runs/{}/snapshot", "/api/exposures/{}"):
            assert (await client.get(path.format(number))).status_code == 404


@pytest.mark.parametrize("question", ["snapshot", "events"])
@pytest.mark.parametrize("cursor", [-1, 2**63])
async def test_a_cursor_that_no_change_can_have_is_refused(browser, measured, question, cursor) -> None:
    async with browser("ada") as client:
        answer = await client.get(f"/api/runs/1/{question}?after={cursor}")
    assert answer.status_code == 422
    assert answer.json()["slug"] == "request-unusable"


async def test_a_browser_that_names_an_impossible_last_event_is_refused(browser, measured) -> None:
    async with browser("ada") as client:
        answer = await client.get("/api/runs/1/events", headers={"last-event-id": "9" * 19})
    assert answer.status_code == 422


async def test_what_is_not_done_at_an_address_has_its_own_code(browser, measured) -> None:
    async with browser("ada") as client:
        page, reported = await client.post("/exposures/1"), await client.delete("/api/exposures/1")
    assert page.status_code == reported.status_code == 405
    assert "method-refused" in page.text
    assert reported.json()["slug"] == "method-refused"


async def test_who_has_no_grant_any_more_sees_the_old_results_but_not_who_is_there_now(browser, site, measured) -> None:
    authorization = Authorization("ben", "Ben Ito", "mast", Level.OBSERVE, "session")
    PresenceStore(site.database).arrive(authorization)
    async with browser("ada") as client:
        before = (await client.get("/api/runs/1/snapshot")).json()
        site.services.access.revoke("ada", "mast", by=Actor.host("test"))
        after = (await client.get("/api/runs/1/snapshot")).json()
    assert [viewer["name"] for viewer in before["console"]["observers"]] == ["Ben Ito"]
    assert after["console"] is None
    assert [exposure["name"] for exposure in after["exposures"]] == ["one.plate"]
