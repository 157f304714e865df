import json
import re

import httpx
import pytest

from cloudlet.access.models import Authorization
from cloudlet.access.presence_store import PresenceStore
from cloudlet.analytics import Problem
from cloudlet.instruments import Level
from cloudlet.portal.rendering import Pages
from cloudlet.web import cookie_name, security_headers


async def page(browser, person, path):
    async with browser(person) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(html):
    """Return the text of a page as one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


async def test_home_offers_each_provider_as_a_plain_link(browser) -> None:
    html = await page(browser, None, "/")
    assert 'href="/sign-in?provider=home&amp;next=/"' in html.replace("%2F", "/")
    assert "Sign in with Example University" in words(html)


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb"])
async def test_home_never_leads_to_another_site_after_the_sign_in(browser, wanted) -> None:
    async with browser(None) as client:
        html = (await client.get("/", params={"next": wanted})).text
    assert "evil" not in html


async def test_somebody_without_an_account_learns_what_to_tell_the_staff(browser) -> None:
    async with browser("nemo", is_linked=False) as client:
        html = (await client.get("/")).text
    assert "https://login.example.org" in html
    assert "nemo-subject" in html


async def test_home_shows_who_has_control_and_how_the_run_does(site, browser) -> None:
    run = site.begin_run("ada")
    site.measure(run, "one.plate", {"haze": 3.44})
    site.fail(run, "two.plate")
    presence = PresenceStore(site.database, site.clock)
    presence.arrive(Authorization("ada", "Ada Park", "mast", Level.OPERATE, "a"))
    presence.arrive(Authorization("ben", "Ben Ode", "mast", Level.OBSERVE, "b"))
    reported = words(await page(browser, "ada", "/"))
    assert "Ada Park has control" in reported
    assert "1 watching" in reported
    assert "Measured 1" in reported
    assert "Failed 1" in reported


async def test_an_instrument_without_a_session_says_why_there_are_no_results(browser) -> None:
    reported = words(await page(browser, "ada", "/instruments/mast"))
    assert "No session of yours" in reported
    assert "Your level here: operate." in reported
    assert "Nobody has control" in reported


async def test_a_run_without_exposures_says_when_the_folder_was_looked_at(site, browser, clock) -> None:
    site.begin_run("ada")
    clock.now = clock.now.replace(second=2)
    reported = words(await page(browser, "ada", "/instruments/mast"))
    assert "No plates yet. The raw folder was last looked at 2 s ago." in reported


async def test_a_folder_that_cannot_be_read_is_reported_with_its_remedy(site, browser) -> None:
    run = site.begin_run("ada")
    site.runs.note_problem(run.id, Problem("gone", "The raw folder has vanished.", "Mount it again."))
    assert "The raw folder has vanished. Mount it again." in words(await page(browser, "ada", "/instruments/mast"))


async def test_declared_figures_appear_with_their_digits_units_and_limits(site, browser) -> None:
    run = site.begin_run("ada")
    number = site.measure(run, "one.plate", {"haze": 5.678, "wind": 1.2345, "tilt": -0.4, "light": 1234.5})
    reported = words(await page(browser, "ada", f"/exposures/{number}"))
    assert re.search(r"Haze\s+beyond the limit: 5\.7\s+Å\s+at most 5\.0 Å", reported)
    assert re.search(r"Wind\s+1\.23\s+µm", reported)
    assert re.search(r"Tilt\s+0\s+°", reported)
    assert re.search(r"Light\s+1,234\s+counts\s+at least 20 counts", reported)
    assert re.search(r"Drift\s+–\s+px", reported)
    assert re.search(r"Developing\s+0\.50\s+s", reported)


async def test_an_exposure_leads_to_the_older_and_the_newer_one(site, browser, clock) -> None:
    run = site.begin_run("ada")
    numbers = [
        site.measure(run, f"{minute}.plate", {"haze": 3}, clock.now.replace(minute=minute)) for minute in (1, 2, 3)
    ]
    html = await page(browser, "ada", f"/exposures/{numbers[1]}")
    assert f'rel="prev" href="/exposures/{numbers[0]}"' in html
    assert f'rel="next" href="/exposures/{numbers[2]}"' in html


async def test_a_failed_exposure_says_why_and_offers_another_try(site, browser) -> None:
    run = site.begin_run("ada")
    number = site.fail(run, "two.plate")
    html = await page(browser, "ada", f"/exposures/{number}")
    assert "The plate is cracked." in html
    assert "Expose another one." in html
    assert f'action="/exposures/{number}/retry"' in html


async def test_retry_returns_to_the_page_of_the_exposure(site, browser) -> None:
    number = site.fail(site.begin_run("ada"), "two.plate")
    async with browser("ada") as client:
        answer = await client.post(f"/exposures/{number}/retry")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/exposures/{number}"
        assert "waiting" in words((await client.get(f"/exposures/{number}")).text)
        again = await client.post(f"/exposures/{number}/retry")
    assert again.status_code == 409


async def test_the_cockpit_carries_its_facts_and_names_no_kind_of_exposure(site, browser) -> None:
    site.begin_run("ada")
    html = await page(browser, "ada", "/instruments/mast/cockpit")
    assert '"may_operate": true' in html
    assert "open the newest plate" in words(html)
    assert not re.search("micrograph|movie|CTF", html)


async def test_a_name_that_holds_markup_stays_text(site, browser) -> None:
    run = site.begin_run("ada")
    number = site.measure(run, "<script>alert(1)</script>.plate", {"haze": 3})
    for path in (f"/exposures/{number}", "/instruments/mast"):
        assert "<script>alert" not in await page(browser, "ada", path)


CONTROLS = "\u202e\u2066\u200e\u061c\ufeff\x1b\x00\n\ud800"
SHOWN = r"\u202e\u2066\u200e\u061c\ufeff\u001b\u0000\u000a\ud800"


async def test_a_name_that_turns_the_direction_of_text_or_holds_controls_shows_them(site, browser) -> None:
    run = site.begin_run("ada")
    number = site.measure(run, "a\u202e\u2066\x1b\nb.plate", {"haze": 3})
    for path in (f"/exposures/{number}", "/instruments/mast"):
        html = await page(browser, "ada", path)
        assert r"a\u202e\u2066\u001b\u000ab.plate" in html
        assert not set(CONTROLS) - {"\n"} & set(html)


def test_every_text_that_a_template_shows_is_escaped_and_markup_of_ours_is_not(site, assets) -> None:
    environment = Pages(site.settings, site.web, assets)._environment
    template = environment.from_string("<p title='{{ name }}'>{{ name }}</p>{{ icon('x') }}{{ names | tojson }}")
    html = template.render(name=f"<b>{CONTROLS}", names=[CONTROLS])
    assert html.startswith(f"<p title='&lt;b&gt;{SHOWN}'>&lt;b&gt;{SHOWN}</p><svg")
    assert json.loads(html.partition("</svg>")[2]) == [CONTROLS]


async def test_a_name_in_another_script_stays_readable_and_by_itself(site, browser) -> None:
    number = site.measure(site.begin_run("ada"), "דגימה_1.plate", {"haze": 3})
    presence = PresenceStore(site.database, site.clock)
    presence.arrive(Authorization("ada", "דנה כהן", "mast", Level.OPERATE, "a"))
    assert "<h1>דגימה_1.plate</h1>" in await page(browser, "ada", f"/exposures/{number}")
    assert '<strong dir="auto">דנה כהן</strong> has control' in await page(browser, "ada", "/")


@pytest.mark.parametrize("path", ["/instruments/", "/instruments/mast/", "/exposures/1/", "/static"])
async def test_an_address_with_a_slash_too_many_leads_to_no_other_host(browser, path) -> None:
    async with browser("ada") as client:
        answer = await client.get(path, headers={"host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in f"{answer.headers} {answer.text}"


async def test_the_description_of_the_api_is_for_people_who_are_signed_in(browser) -> None:
    async with browser(None) as client:
        answer = await client.get("/openapi.json", headers={"accept": "application/json"})
        assert answer.status_code == 401
        assert "paths" not in answer.json()
    async with browser("ada") as client:
        described = (await client.get("/openapi.json")).json()
    assert "/api/instruments/{key}/ticket" in described["paths"]


@pytest.mark.parametrize("path", ["/", "/instruments/mast", "/instruments/mast/cockpit", "/exposures/1", "/nowhere"])
async def test_no_page_holds_inline_scripts_or_styles(site, browser, path) -> None:
    site.measure(site.begin_run("ada"), "one.plate", {"haze": 3})
    async with browser("ada") as client:
        answer = await client.get(path)
    scripts = re.findall(r"<script(?![^>]*(?:src=|application/json))", answer.text)
    assert not scripts
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "ws://127.0.0.1:8441" in answer.headers["content-security-policy"]


async def test_pages_let_browsers_tell_where_forms_come_from(browser) -> None:
    async with browser("ada") as client:
        assert (await client.get("/")).headers["referrer-policy"] == "same-origin"


async def test_an_error_page_speaks_in_sentences(browser) -> None:
    async with browser("eve") as client:
        answer = await client.get("/instruments/mast")
    reported = words(answer.text)
    assert "You have no access to this instrument now." in reported
    assert "forbidden" in reported
    assert "help@example.org" in reported


async def test_an_unforeseen_error_becomes_a_page_that_gives_nothing_away(site, assets) -> None:
    app = site.app(assets)

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("the secret reason")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=site.web.base_url) as client:
        answer = await client.get("/broken", headers={"accept": "text/html"})
    assert answer.status_code == 500
    assert "Something went wrong on the server." in answer.text
    assert "secret reason" not in answer.text
    assert security_headers().items() <= dict(answer.headers).items()


async def test_a_chosen_theme_is_remembered_and_put_into_every_page(site, browser) -> None:
    async with browser("ada") as client:
        assert "data-theme" not in (await client.get("/")).text
        answer = await client.post("/theme", data={"theme": "dark", "next": "/instruments/mast"})
        assert answer.headers["location"] == "/instruments/mast"
        assert '<html lang="en" data-theme="dark"' in (await client.get("/")).text
        assert client.cookies[cookie_name(site.web, "theme")] == "dark"


async def test_a_theme_that_does_not_exist_is_not_remembered(browser) -> None:
    async with browser(None) as client:
        assert (await client.post("/theme", data={"theme": "loud"})).status_code == 422
