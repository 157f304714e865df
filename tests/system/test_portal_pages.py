"""The pages in a real browser: nothing blocked, nothing too wide, nothing unreadable, nothing stale taken for live."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    WebSocketRoute,
    expect,
    sync_playwright,
)
from tests.browser import launch
from tests.patience import eventually
from tests.unit.portal.weather import Site

from cloudlet.access import Grant
from cloudlet.access.models import Authorization
from cloudlet.access.presence_store import PresenceStore
from cloudlet.analytics import Problem
from cloudlet.clock import utc_now
from cloudlet.database import Database, Table
from cloudlet.identity import Actor
from cloudlet.instruments import Instrument, Level
from cloudlet.portal.assets import STATIC, Assets
from cloudlet.web import WebSettings

TESTER = Actor.host("tester")

pytestmark = [pytest.mark.system, pytest.mark.needs("chromium")]

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
VIOLATIONS = """axe.run().then(found => found.violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `${each.id}: ${each.nodes.map(node => node.target).join(", ")}`))"""
PAGES = [
    (None, "/"),
    ("eve", "/"),
    ("ada", "/"),
    ("ada", "/instruments/mast"),
    ("ada", "/instruments/mast/cockpit"),
    ("ada", "/exposures/1"),
    ("ada", "/exposures/3"),
    ("eve", "/instruments/mast"),
]
GONE = Problem("gone", "The raw folder has vanished.", "Mount it again.")
SEEN_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
HIDDEN = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s});" + SEEN_AGAIN
KEY_EVENT = 4
# noVNC looks for a socket's methods in its class alone, and Playwright's has them from the class above.
FLAT_SOCKET = """Object.defineProperties(WebSocket.prototype,
    Object.getOwnPropertyDescriptors(Object.getPrototypeOf(WebSocket.prototype)))"""

expect.set_options(timeout=20_000)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A cloudlet whose portal will be served on a port of its own, with three plates, one of them cracked."""
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    Table.metadata.create_all(database.engine)
    site = Site(database, tmp_path, utc_now, WebSettings(base_url=address))
    run = site.begin_run("ada")
    site.measure(run, "one.plate", {"haze": 3.44, "wind": 1.2, "drift": 0.5}, utc_now())
    site.measure(run, "two.plate", {"haze": 5.66, "wind": 1.3, "drift": 0.7}, utc_now())
    site.fail(run, "three.plate", utc_now())
    yield site
    database.close()


@contextmanager
def served(site: Site) -> Iterator[None]:
    """Serve the real portal with the real bundle from a thread."""
    port = int(site.web.base_url.rpartition(":")[2])
    config = uvicorn.Config(
        site.app(Assets()), host="127.0.0.1", port=port, ws="none", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _bundle() -> None:
    assert (STATIC / "manifest.json").exists(), "The bundle is missing: run `npm ci && npm run build` in frontend/."


Opener = Callable[..., Page]


@pytest.fixture
def opened(site: Site, chromium: Browser) -> Iterator[Opener]:
    def open_page(person: str | None, path: str, width: int = 1440, scheme: str = "light") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        if person is not None:
            cookies = site.sign_in(person)
            context.add_cookies(
                [{"name": name, "value": value, "url": site.web.base_url} for name, value in cookies.items()]
            )
        page = context.new_page()
        page.goto(site.web.base_url + path)
        return page

    yield open_page
    for context in chromium.contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_and_used_by_everybody(site, opened, scheme) -> None:
    with served(site):
        for person, path in PAGES:
            page = opened(person, path, scheme=scheme)
            if path.endswith("cockpit"):
                expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
            page.evaluate(AXE.read_text())
            assert page.evaluate(VIOLATIONS) == [], path
            page.context.close()


def test_every_number_is_within_a_phone(site, opened) -> None:
    beyond = """names => [...document.querySelectorAll(names)]
        .map(cell => cell.getBoundingClientRect().right).filter(right => right > innerWidth)"""
    with served(site):
        page = opened("ada", "/instruments/mast", width=320)
        expect(page.locator("td .number").first).to_be_visible()
        assert page.evaluate(beyond, "td") == []
        page = opened("ada", "/instruments/mast/cockpit", width=320)
        expect(page.locator(".tile")).to_have_count(3)
        page.keyboard.press("n")
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".numbers")).to_be_visible()
        assert page.evaluate(beyond, ".numbers :is(th, td)") == []


def test_both_pictures_and_the_numbers_are_seen_at_once_in_the_large_view(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        expect(page.locator(".tile")).to_have_count(3)
        page.keyboard.press("n")
        page.keyboard.press("ArrowLeft")
        for part in page.locator("#exposure-dialog :is(.picture, .numbers)").all():
            expect(part).to_be_in_viewport(ratio=1)
        page.get_by_role("button", name="Close").click()
        expect(page.locator("#exposure-dialog")).to_be_hidden()


def test_no_page_is_wider_than_a_phone(site, opened) -> None:
    with served(site):
        for person, path in PAGES:
            page = opened(person, path, width=320)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            page.context.close()


def test_the_policy_blocks_nothing_that_the_pages_need(site, opened) -> None:
    blocked: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            blocked.append(message.text)

    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        page.on("console", note)
        page.reload()
        expect(page.locator(".tile")).to_have_count(3)
        page.keyboard.press("n")
        expect(page.locator("#exposure-dialog img, #exposure-dialog .note").first).to_be_visible()
    assert not blocked


def test_a_new_result_appears_by_itself_and_opens_large(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
        run = site.runs.latest_run("mast", by=TESTER)
        assert run is not None
        before = site.runs.exposures(run.id, by=TESTER, newest_first=True)[0].written_at
        site.measure(
            run, "four.plate", {"haze": 2.22}, before + timedelta(seconds=1)
        )  # so near that any click hits one
        expect(page.locator(".vital-value").first).to_have_text("2.2 Å")
        page.locator(".u-over").first.click()
        expect(page.locator("#exposure-dialog")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        expect(page.locator("#exposure-title")).to_have_text("four.plate")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#exposure-title")).to_have_text("three.plate")
        page.get_by_role("button", name="Retry").click()
        expect(page.locator("#exposure-dialog")).to_contain_text("There are no results yet.")
        page.keyboard.press("Escape")
        expect(page.locator("#exposure-dialog")).not_to_be_visible()


def test_what_is_hidden_in_a_name_shows_in_live_results(site, opened) -> None:
    hidden, shown = "evil\u202egpj.exe\u2066.plate", r"evil\u202egpj.exe\u2066.plate"
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        page.locator(".number-table summary").click()
        page.mouse.move(0, 0)  # a table that is pointed at stands still
        site.measure(site.runs.latest_run("mast", by=TESTER), hidden, {"haze": 2.22}, utc_now())
        expect(page.locator(".number-table tbody th").first).to_have_text(shown)
        expect(page.locator(".tile-caption").first).to_have_attribute("title", shown)
        page.keyboard.press("n")
        expect(page.locator("#exposure-title")).to_have_text(shown)
        content = page.content()
        assert not {"\u202e", "\u2066"} & set(content)
        assert shown in content


def test_numbers_turn_grey_at_once_when_the_stream_breaks_and_come_back_by_themselves(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
        expect(page.locator("#results")).not_to_have_class("results-pane is-stale")
    expect(page.locator("#results")).to_have_class("results-pane is-stale")
    expect(page.locator("#cockpit-bar")).to_have_class("cockpit-bar is-stale")
    expect(page.locator(".notes")).to_contain_text("the last number is from")
    site.measure(site.runs.latest_run("mast", by=TESTER), "four.plate", {"haze": 2.22}, utc_now())
    with served(site):
        expect(page.locator(".vital-value").first).to_have_text("2.2 Å")
        expect(page.locator("#results")).not_to_have_class("results-pane is-stale")
        expect(page.locator("#cockpit-bar")).to_have_class("cockpit-bar")


def test_a_hidden_tab_closes_its_stream_and_catches_up_when_it_is_seen_again(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
        with page.expect_event("requestfailed", lambda request: "/events" in request.url):
            page.evaluate(HIDDEN % "true")
        expect(page.locator("#results")).to_have_class("results-pane is-stale")
        site.measure(site.runs.latest_run("mast", by=TESTER), "four.plate", {"haze": 2.22}, utc_now())
        page.wait_for_timeout(1000)
        assert page.locator(".vital-value").first.inner_text() == "5.7 Å"
        page.evaluate(HIDDEN % "false")
        expect(page.locator(".vital-value").first).to_have_text("2.2 Å")
        expect(page.locator("#results")).to_have_class("results-pane")


def test_one_click_retries_once_however_often_the_page_was_drawn(site, opened) -> None:
    asked: list[Request] = []
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        page.on(
            "request", lambda request: request.method == "POST" and "retry" in request.url and asked.append(request)
        )
        expect(page.locator(".tile")).to_have_count(3)
        page.keyboard.press("n")
        run = site.runs.latest_run("mast", by=TESTER)
        for number in range(3):
            site.measure(run, f"early{number}.plate", {"haze": 2}, utc_now() - timedelta(hours=1))
            expect(page.locator(".tallies dd").nth(2)).to_have_text(str(3 + number))
        page.get_by_role("button", name="Retry").click()
        expect(page.locator("#exposure-dialog")).to_contain_text("There are no results yet.")
        expect(page.locator("#exposure-title")).to_be_focused()
    assert len(asked) == 1


def test_a_refused_retry_stays_reported_until_another_exposure_is_opened(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        refusal = {"slug": "not-failed", "message": "This exposure has not failed.", "remedy": "Look at its result."}
        page.route("**/retry", lambda route: route.fulfill(status=409, json=refusal))
        expect(page.locator(".tile")).to_have_count(3)
        page.keyboard.press("n")
        page.get_by_role("button", name="Retry").click()
        alert = page.locator("#exposure-dialog [role=alert]")
        expect(alert).to_contain_text("This exposure has not failed. Look at its result.")
        expect(alert).to_contain_text("Code for the support mail: not-failed")
        site.measure(
            site.runs.latest_run("mast", by=TESTER), "early.plate", {"haze": 2}, utc_now() - timedelta(hours=1)
        )
        expect(page.locator(".tallies dd").nth(2)).to_have_text("3")
        expect(alert).to_be_visible()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#exposure-title")).to_have_text("two.plate")
        expect(alert).to_have_count(0)


def test_an_alert_is_read_out_once_while_the_complaint_beside_it_counts_seconds(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
        site.runs.note_problem(site.runs.latest_run("mast", by=TESTER).id, GONE)
        alert = page.locator(".notes [role=alert]")
        expect(alert).to_contain_text("Mount it again.")
        expect(alert).to_contain_text("Code for the support mail: gone")
        page.evaluate("window.readOut = document.querySelector('.notes [role=alert]')")
    complaint = page.locator(".notes .attention")
    expect(complaint).to_contain_text("No news for")
    expect(complaint).not_to_have_text(complaint.inner_text())
    assert page.evaluate("window.readOut.isConnected")


def test_while_results_are_read_their_place_is_held_open(site, opened) -> None:
    def places(page: Page) -> dict[str, float]:
        parts = (".tallies", ".vitals", ".vital:last-child .vital-plot", ".newest", ".number-table")
        boxes = {part: page.locator(f"#results {part}").bounding_box() for part in parts}
        return {part: box["y"] for part, box in boxes.items() if box}

    run = site.runs.latest_run("mast", by=TESTER)
    for number in range(3):
        site.measure(run, f"early{number}.plate", {"haze": 2}, utc_now() - timedelta(hours=1))
    held: list[Callable[[], None]] = []
    with served(site):
        page = opened("ada", "/")
        page.route("**/snapshot*", lambda route: held.append(route.continue_))
        page.goto(f"{site.web.base_url}/instruments/mast/cockpit")
        expect(page.locator("#results")).to_contain_text("Reading the results…")
        eventually(lambda: page.evaluate("true") and held)
        before = places(page)
        held.pop()()
        expect(page.locator(".vital-value").first).to_have_text("5.7 Å")
        after = places(page)
    assert before.keys() == after.keys()
    assert all(abs(after[part] - before[part]) <= 4 for part in after), (before, after)


def test_results_fill_the_screen_by_a_button_and_a_lag_of_days_is_reported_in_days(site, opened) -> None:
    run = site.runs.latest_run("mast", by=TESTER)
    site.measure(run, "old.plate", {"haze": 2}, utc_now() - timedelta(days=3, hours=1))
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        expect(page.locator(".tallies dd").first).to_have_text("3 days")
        page.get_by_role("button", name="Results in full size").click()
        page.wait_for_function("document.fullscreenElement?.id === 'results'")


def test_who_is_signed_out_sees_no_old_numbers_as_live(site, opened) -> None:
    site.instruments.register(Instrument("attic", "Attic", "Without a session."), by=Actor.rule("test"))
    site.services.access.grant(Grant("ada", "attic", Level.OPERATE, utc_now(), None), by=Actor.rule("test"))
    with served(site):
        pages = [opened("ada", path) for path in ("/", "/instruments/mast", "/instruments/attic/cockpit")]
        home, instrument, cockpit = pages
        expect(cockpit.locator("#results")).to_contain_text("There are no results")
        for page in pages:
            page.context.clear_cookies()
        for page in (home, instrument):
            page.evaluate(SEEN_AGAIN)
            expect(page.locator(".stale-note")).to_contain_text("You are signed out. Load the page again to sign in.")
            expect(page.locator("body")).to_have_class("is-stale")
        expect(cockpit.locator("#results")).to_contain_text("Load the page again to sign in.")
        expect(cockpit.locator("#cockpit-bar")).to_have_class("cockpit-bar is-stale")


def test_a_page_that_may_not_be_seen_any_more_says_so(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast")
        site.services.access.revoke("ada", "mast", by=Actor.rule("test"))
        page.evaluate(SEEN_AGAIN)
        expect(page.locator(".stale-note")).to_contain_text("You may not see this any more.")


def test_an_instrument_appears_on_the_home_page_when_access_begins(site, opened) -> None:
    with served(site):
        page = opened("eve", "/")
        expect(page.locator("main")).to_contain_text("as soon as access begins")
        site.services.access.grant(Grant("eve", "mast", Level.STAFF, utc_now(), None), by=Actor.rule("test"))
        page.evaluate(SEEN_AGAIN)
        expect(page.get_by_role("link", name="North mast", exact=True)).to_be_visible()
        expect(page.locator("main")).to_contain_text("Your level: staff")


def test_a_table_in_use_stands_still_and_does_not_look_live(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast")
        page.get_by_role("link", name="two.plate").focus()
        site.measure(site.runs.latest_run("mast", by=TESTER), "four.plate", {"haze": 2.22}, utc_now())
        page.evaluate(SEEN_AGAIN)
        expect(page.locator(".stale-note")).to_contain_text("What has the focus stands still")
        expect(page.get_by_role("link", name="two.plate")).to_be_focused()
        page.get_by_role("link", name="two.plate").blur()
        page.evaluate(SEEN_AGAIN)
        expect(page.get_by_role("link", name="four.plate")).to_be_visible()
        expect(page.locator(".stale-note")).to_be_hidden()


class FakeScreen:
    """An instrument's screen in place of the gateway's: shakes hands, shows nothing, notes the keys."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._keys: list[int] = []
        page.route_web_socket(re.compile("/console/mast$"), self._serve)
        page.add_init_script(FLAT_SOCKET)

    def has_got(self, key: str) -> bool:
        """Tell whether `key` has come through until now."""
        self._page.evaluate("true")  # news of the socket arrive only while something is asked of the page
        return ord(key) in self._keys

    def _serve(self, socket: WebSocketRoute) -> None:
        name = b"mast"
        pixels = struct.pack(">BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        server_init = struct.pack(">HH", 64, 48) + pixels + struct.pack(">I", len(name)) + name
        answers = iter([b"\x01\x01", bytes(4), server_init])

        def answer(message: str | bytes) -> None:
            assert isinstance(message, bytes)
            if reply := next(answers, None):
                socket.send(reply)
            elif message[0] == KEY_EVENT and message[1]:
                self._keys.append(int.from_bytes(message[4:8], "big"))

        socket.on_message(answer)
        socket.send(b"RFB 003.008\n")


def cockpit_with_screen(site: Site, opened: Opener) -> tuple[Page, FakeScreen]:
    """Open Ada's cockpit with a screen that answers."""
    page = opened("ada", "/")
    screen = FakeScreen(page)
    page.goto(f"{site.web.base_url}/instruments/mast/cockpit")
    expect(page.locator("#console-state")).to_have_text("you observe")
    return page, screen


def arrive(site: Site, person: str = "ada") -> int:
    """Give a window of the person a place at the console, as the gateway does; return its number."""
    authorization = Authorization(person, person.title(), "mast", Level.OPERATE, "a web session")
    return PresenceStore(site.database, utc_now).arrive(authorization).id


def test_ctrl_alt_shift_leaves_the_screen_which_has_every_other_key(site, opened) -> None:
    with served(site):
        page, screen = cockpit_with_screen(site, opened)
        arrive(site)
        expect(page.locator("#console-state")).to_have_text("you operate")
        page.keyboard.press("s")
        expect(page.locator("#console-hint")).to_contain_text("Ctrl+Alt+Shift to leave")
        page.keyboard.press("n")
        page.keyboard.press("Tab")
        eventually(lambda: screen.has_got("n"))
        expect(page.locator("#exposure-dialog")).to_be_hidden()
        expect(page.locator("#screen canvas")).to_be_focused()
        page.keyboard.press("Control+Alt+Shift")
        expect(page.locator("#console-full")).to_be_focused()


def test_a_window_displaced_by_a_newer_one_lets_the_keyboard_go(site, opened) -> None:
    with served(site):
        page, screen = cockpit_with_screen(site, opened)
        arrive(site)
        expect(page.locator("#console-state")).to_have_text("you operate")
        page.keyboard.press("s")
        newer = arrive(site)
        expect(page.locator("#console-state")).to_have_text("you observe")
        expect(page.locator("#control")).to_contain_text("in another window")
        expect(page.locator("#watching")).to_have_text("nobody else watching")
        expect(page.locator("#console-hint")).to_contain_text("Tab to leave")
        page.keyboard.press("x")
        page.keyboard.press("Tab")
        expect(page.locator("#console-full")).to_be_focused()
        assert not screen.has_got("x")
        # A place that lost control does not get it back when the newer one goes: only coming again does.
        PresenceStore(site.database, utc_now).leave(newer, "page left")
        expect(page.locator("#control")).to_contain_text("Nobody has control")
        page.keyboard.press("s")
        page.keyboard.press("y")
        page.keyboard.press("Tab")
        expect(page.locator("#console-full")).to_be_focused()
        assert not screen.has_got("y")


def test_who_arrives_while_another_operates_takes_control_by_the_button_and_is_at_the_screen(site, opened) -> None:
    other = arrive(site, "cy")
    with served(site):
        page, screen = cockpit_with_screen(site, opened)
        arrive(site)
        expect(page.locator("#watching")).to_contain_text("1 watching")
        expect(page.locator("#control")).to_contain_text("Cy has control")
        expect(page.locator("#take-control")).to_be_hidden()
        page.keyboard.press("s")
        page.keyboard.press("x")
        PresenceStore(site.database, utc_now).leave(other, "page left")
        page.locator("#take-control").click()
        expect(page.locator("#screen canvas")).to_be_focused()
        arrive(site)
        expect(page.locator("#console-state")).to_have_text("you operate")
        page.keyboard.press("y")
        eventually(lambda: screen.has_got("y"))
        assert not screen.has_got("x")


def test_the_focus_does_not_vanish_with_the_button_that_takes_control(site, opened) -> None:
    with served(site):
        page, _screen = cockpit_with_screen(site, opened)
        expect(page.locator("#take-control")).to_be_visible()
        page.locator("#take-control").focus()
        arrive(site, "cy")
        expect(page.locator("#take-control")).to_be_hidden()
        expect(page.locator("#control")).to_be_focused()


def test_a_theme_is_chosen_by_a_form_and_kept(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast")
        page.locator("details.menu summary").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert page.url.endswith("/instruments/mast")


def test_moving_the_mouse_tells_that_somebody_is_there(site, opened) -> None:
    with served(site):
        page = opened("ada", "/instruments/mast/cockpit")
        page.clock.install()
        page.reload()
        page.clock.fast_forward(61_000)
        with page.expect_request("**/api/presence") as reported:
            page.mouse.move(50, 50)
        assert reported.value.method == "POST"


def test_who_may_not_retry_is_not_offered_it(site, opened) -> None:
    with served(site):
        run = site.begin_run("ben")
        site.fail(run, "four.plate", utc_now())
        page = opened("ben", "/instruments/mast/cockpit")
        expect(page.locator(".tile")).to_have_count(1)
        page.keyboard.press("n")
        expect(page.locator("#exposure-dialog")).to_contain_text("The plate is cracked.")
        expect(page.get_by_role("button", name="Retry")).to_have_count(0)
