from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from sqlalchemy import select

from cloudlet import audit
from cloudlet.database import Table
from cloudlet.identity import Account, Actor, Identity
from cloudlet.identity.errors import Refusal
from cloudlet.identity.pending_sign_in import PendingSignIn, PendingSignIns
from cloudlet.identity.provider_limit import Places
from cloudlet.testbed.identity_provider import Fault, Quirk

PORTAL = "http://127.0.0.1:8440"
PROVIDER = "http://127.0.0.1:8442"
AT_ONCE = Places().at_once
REFUSALS = {
    Fault.WRONG_ISSUER: Refusal.WRONG_ISSUER,
    Fault.WRONG_AUDIENCE: Refusal.WRONG_AUDIENCE,
    Fault.WRONG_AUDIENCE_OUR_PARTY: Refusal.WRONG_AUDIENCE,
    Fault.EXTRA_AUDIENCE: Refusal.WRONG_PARTY,
    Fault.WRONG_NONCE: Refusal.WRONG_NONCE,
    Fault.NO_NONCE: Refusal.WRONG_NONCE,
    Fault.EXPIRED: Refusal.EXPIRED,
    Fault.FROM_THE_FUTURE: Refusal.FROM_THE_FUTURE,
    Fault.NO_SUBJECT: Refusal.NO_SUBJECT,
    Fault.BAD_HASH: Refusal.WRONG_HASH,
    Fault.BAD_SIGNATURE: Refusal.BAD_SIGNATURE,
    Fault.UNKNOWN_KEY_ID: Refusal.BAD_SIGNATURE,
    Fault.UNKNOWN_CRITICAL_HEADER: Refusal.UNKNOWN_CRITICAL_HEADER,
    Fault.NONE: Refusal.WRONG_ALGORITHM,
    Fault.NONE_LAX: Refusal.WRONG_ALGORITHM,
    Fault.NONE_LAX_NO_HASH: Refusal.WRONG_ALGORITHM,
    Fault.HS256_PUBLIC_KEY: Refusal.WRONG_ALGORITHM,
    Fault.HS256_PUBLIC_KEY_LAX: Refusal.WRONG_ALGORITHM,
    Fault.HS256_CLIENT_SECRET: Refusal.WRONG_ALGORITHM,
    Fault.HS256_CLIENT_SECRET_LAX: Refusal.WRONG_ALGORITHM,
    Fault.WRONG_CALLBACK_ISSUER: Refusal.WRONG_CALLBACK_ISSUER,
    Fault.OTHER_USERINFO: Refusal.WRONG_PERSON,
}


def refusals(world: Any) -> list[str]:
    with world.database.read() as work:
        records = audit.read(work, what="identity.sign-in-refused")
    return [record.act.detail["reason"] for record in records]


def logged_only(world: Any, log: pytest.LogCaptureFixture) -> list[str]:
    """Return the reasons that stand in the log; none of them may stand in the record."""
    assert refusals(world) == []
    return [each.getMessage().rpartition(": ")[2] for each in log.records if "refused" in each.getMessage()]


def rows(world: Any) -> list[str]:
    """Return every row of every table."""
    with world.database.read() as work:
        return [str(row) for table in Table.metadata.sorted_tables for row in work.execute(select(table))]


def test_table_of_refusals_names_every_fault_but_the_one_that_stops_before_the_provider() -> None:
    assert set(REFUSALS) | {Fault.OTHER_DISCOVERY} == set(Fault)
    assert len(Fault) == 23


@pytest.mark.parametrize("fault", REFUSALS, ids=lambda fault: fault.name.lower())
def test_lying_provider_signs_nobody_in(make_world: Any, fault: Fault, caplog: Any) -> None:
    world = make_world(fault)
    browser = world.browser()
    answer = world.sign_in(browser)
    assert answer.status_code == 403
    assert answer.json()["slug"] == "sign-in-refused"
    assert f"({REFUSALS[fault]})" in answer.json()["message"]
    if fault is Fault.WRONG_CALLBACK_ISSUER:
        assert logged_only(world, caplog) == [REFUSALS[fault]]
    else:
        assert refusals(world) == [REFUSALS[fault]]
    assert world.who(browser) == {"signed_in": False}


def test_discovery_document_of_another_issuer_is_refused_before_anybody_is_sent_there(make_world: Any) -> None:
    world = make_world(Fault.OTHER_DISCOVERY)
    answer = world.browser().get(f"{world.portal_url}/sign-in", params={"provider": "demo"})
    assert answer.status_code == 403
    assert Refusal.WRONG_DISCOVERY in answer.json()["message"]


@pytest.mark.parametrize("quirk", [None, *Quirk])
def test_honest_provider_signs_people_in(make_world: Any, quirk: Quirk | None) -> None:
    world = make_world(quirk)
    browser = world.browser()
    answer = world.sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/instruments/arctica")
    assert world.who(browser)["name"] == "Ada Park"
    assert world.who(browser)["subject"] == "subject-ada"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_client_id_and_secret_with_special_characters_are_understood(make_world: Any, method: str) -> None:
    world = make_world(token_auth_method=method)
    assert world.sign_in(world.browser()).status_code == 303


def test_wrong_client_secret_is_refused(make_world: Any, tmp_path: Any, caplog: Any) -> None:
    world = make_world()
    (tmp_path / "client-secret").write_text("another")
    assert world.sign_in(world.browser()).status_code == 403
    assert logged_only(world, caplog) == ["code-refused"]


def test_client_secret_that_others_can_read_is_not_sent(make_world: Any, tmp_path: Any) -> None:
    world = make_world()
    (tmp_path / "client-secret").chmod(0o644)
    assert world.sign_in(world.browser()).json()["slug"] == "secret-unreadable"


def test_missing_client_secret_is_said_to_the_administrator(make_world: Any, tmp_path: Any, caplog: Any) -> None:
    world = make_world()
    (tmp_path / "client-secret").unlink()
    assert world.sign_in(world.browser()).json()["slug"] == "secret-unreadable"
    assert logged_only(world, caplog) == ["secret-unreadable"]


def test_token_signed_by_another_algorithm_than_the_pinned_one_is_refused(make_world: Any) -> None:
    world = make_world(algorithm="ES256")
    assert world.sign_in(world.browser()).status_code == 403
    assert refusals(world) == ["wrong-algorithm"]


def test_answer_is_taken_once(world: Any) -> None:
    browser = world.browser()
    callback = world.choose(browser, world.begin(browser))
    assert browser.get(callback).status_code == 303
    again = browser.get(callback)
    assert (again.status_code, again.json()["slug"]) == (400, "sign-in-expired")
    assert refusals(world) == []


def test_code_of_an_earlier_sign_in_is_refused_by_the_provider(world: Any, caplog: Any) -> None:
    browser = world.browser()
    used = dict(parse_qsl(urlsplit(world.choose(browser, world.begin(browser))).query))
    fresh = dict(parse_qsl(urlsplit(world.begin(browser)).query))
    # The code belongs to another PKCE challenge: it may not be injected into this sign-in.
    answer = browser.get(f"{world.portal_url}/sign-in/callback/demo", params={**used, "state": fresh["state"]})
    assert answer.status_code == 403
    assert logged_only(world, caplog) == ["code-refused"]


def test_answer_of_a_sign_in_that_another_browser_began_is_refused(world: Any, caplog: Any) -> None:
    browser, attacker = world.browser(), world.browser()
    callback = world.choose(attacker, world.begin(attacker))
    world.begin(browser)
    answer = browser.get(callback)
    assert (answer.status_code, answer.json()["slug"]) == (400, "sign-in-expired")
    assert logged_only(world, caplog) == ["unknown-sign-in"]
    assert world.who(browser) == {"signed_in": False}


def test_answer_without_the_browser_cookie_is_refused(world: Any) -> None:
    browser = world.browser()
    callback = world.choose(browser, world.begin(browser))
    assert world.browser().get(callback).status_code == 400


def test_answer_that_belongs_to_no_sign_in_leaves_no_record(world: Any) -> None:
    answer = world.browser().get(f"{world.portal_url}/sign-in/callback/demo", params={"state": "x", "code": "y"})
    assert answer.status_code == 400
    assert refusals(world) == []


def test_sign_in_that_took_more_than_ten_minutes_is_refused(world: Any, caplog: Any) -> None:
    browser = world.browser()
    address = world.begin(browser)
    world.clock.advance(minutes=11)
    assert browser.get(world.choose(browser, address)).status_code == 400
    assert logged_only(world, caplog) == ["too-late"]


def test_strangers_write_nothing_however_often_they_begin_and_come_back(world: Any) -> None:
    before = rows(world)
    stranger = world.browser()
    for answer in ({"error": "access_denied"}, {"code": "guessed"}, {}):
        state = dict(parse_qsl(urlsplit(world.begin(stranger)).query))["state"]
        reported = {"state": state, "iss": world.provider_settings.issuer, **answer}
        assert stranger.get(f"{world.portal_url}/sign-in/callback/demo", params=reported).status_code == 403
    assert rows(world) == before


def test_strangers_push_nobody_elses_sign_in_aside(world: Any) -> None:
    browser = world.browser()
    address = world.begin(browser)
    stranger = world.browser(with_link=False)
    for _ in range(30):
        world.begin(stranger)
        stranger.cookies.clear()
    assert world.sign_in(browser).status_code == 303
    assert browser.get(world.choose(browser, address)).status_code == 303


def test_a_browser_that_begins_again_and_again_remembers_the_newest_sign_ins_only(world: Any) -> None:
    browser = world.browser()
    addresses = []
    for _ in range(7):
        addresses.append(world.begin(browser))
        world.clock.advance(seconds=1)
    assert len([cookie for cookie in browser.cookies.jar if "sign-in" in cookie.name]) == 4
    statuses = [browser.get(world.choose(browser, address)).status_code for address in addresses]
    assert statuses == [400] * 3 + [303] * 4


def test_a_cookie_that_was_invented_never_reaches_the_provider(world: Any, caplog: Any) -> None:
    browser = world.browser()
    callback = world.choose(browser, world.begin(browser))
    (cookie,) = [cookie for cookie in browser.cookies.jar if "sign-in" in cookie.name]
    state = dict(parse_qsl(urlsplit(callback).query))["state"]
    forged = PendingSignIn.of("s" * 43, state, "demo", "/", world.clock())
    cookie.value = PendingSignIns().seal(forged)
    asked = len(world.back_channel.sent)
    assert browser.get(callback).status_code == 400
    assert len(world.back_channel.sent) == asked
    assert logged_only(world, caplog) == ["unknown-sign-in"]


def test_a_cookie_under_the_name_of_another_sign_in_never_reaches_the_provider(world: Any) -> None:
    browser = world.browser()
    first = world.choose(browser, world.begin(browser))
    second = world.choose(browser, world.begin(browser))
    one, other = [cookie for cookie in browser.cookies.jar if "sign-in" in cookie.name]
    one.value, other.value = other.value, one.value
    asked = len(world.back_channel.sent)
    assert [browser.get(callback).status_code for callback in (first, second)] == [400, 400]
    assert len(world.back_channel.sent) == asked


async def test_sign_ins_that_hang_at_one_provider_stop_no_page_and_no_other_provider(make_world: Any) -> None:
    world = make_world(keys=("demo", "other"))
    callbacks = [_ready_to_return(world) for _ in range(AT_ONCE + 10)]
    async with httpx.AsyncClient(transport=world.network) as client, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        with _tokens_held_back(world) as is_answering:
            waiting = [tasks.create_task(_return(client, callback)) for callback in callbacks]
            refused = [await answer for answer in islice(asyncio.as_completed(waiting), 10)]
            assert {answer.json()["slug"] for answer in refused} == {"sign-in-busy"}
            assert (await client.get(f"{PORTAL}/who")).json() == {"signed_in": False}
            assert (await client.get(f"{PORTAL}/sign-in?provider=other")).status_code == 303
            assert (await client.get(f"{PORTAL}/sign-in?provider=demo")).status_code == 303
            is_answering.set()
    assert sorted(task.result().status_code for task in waiting) == [303] * AT_ONCE + [503] * 10


async def test_a_sign_in_that_was_turned_away_for_want_of_a_place_is_not_spent(world: Any) -> None:
    callbacks = [_ready_to_return(world) for _ in range(AT_ONCE + 1)]
    async with httpx.AsyncClient(transport=world.network) as client, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        with _tokens_held_back(world) as is_answering:
            waiting = [tasks.create_task(_return(client, callback)) for callback in callbacks[:-1]]
            await asyncio.sleep(0.3)
            assert [(await _return(client, callbacks[-1])).status_code for _ in range(2)] == [503, 503]
            is_answering.set()
        assert {(await task).status_code for task in waiting} == {303}
        assert (await _return(client, callbacks[-1])).status_code == 303
        assert (await _return(client, callbacks[-1])).status_code == 400


async def test_who_comes_a_moment_too_early_waits_for_a_place(world: Any) -> None:
    callbacks = [_ready_to_return(world) for _ in range(AT_ONCE + 5)]
    async with httpx.AsyncClient(transport=world.network) as client, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        with _tokens_held_back(world) as is_answering:
            waiting = [tasks.create_task(_return(client, callback)) for callback in callbacks]
            await asyncio.sleep(0.3)
            assert not any(task.done() for task in waiting)
            is_answering.set()
    assert {task.result().status_code for task in waiting} == {303}


async def test_one_address_behind_a_proxy_leaves_places_to_others(world: Any) -> None:
    callbacks = [_ready_to_return(world) for _ in range(AT_ONCE + 10)]
    async with httpx.AsyncClient(transport=world.network) as client, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        with _tokens_held_back(world) as is_answering:
            others = [tasks.create_task(_return(client, callback, "192.0.2.7")) for callback in callbacks[:-1]]
            await asyncio.sleep(0.3)
            other = tasks.create_task(_return(client, callbacks[-1], "198.51.100.1"))
            await asyncio.sleep(0.3)
            asked = [request for request in world.back_channel.sent if request.url.path == "/token"]
            assert len(asked) == Places().of_one_sender + 1
            is_answering.set()
        assert (await other).status_code == 303
    assert {task.result().status_code for task in others} == {303, 503}


async def test_the_same_answer_twice_at_once_is_taken_once(world: Any) -> None:
    callback = _ready_to_return(world)
    async with httpx.AsyncClient(transport=world.network) as client:
        answers = await asyncio.gather(_return(client, callback), _return(client, callback))
    assert sorted(answer.status_code for answer in answers) == [303, 400]


@contextmanager
def _tokens_held_back(world: Any) -> Iterator[asyncio.Event]:
    """Let the provider give no tokens before the event that is yielded."""
    is_answering, provider = asyncio.Event(), world.back_channel.apps[PROVIDER]

    async def hangs_at_the_token(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/token":
            await is_answering.wait()
        await provider(scope, receive, send)

    world.back_channel.apps[PROVIDER] = hangs_at_the_token
    yield is_answering


async def _return(client: httpx.AsyncClient, callback: tuple[str, str], sender: str | None = None) -> httpx.Response:
    """Come back from the provider, by a proxy on the portal's host that names the sender."""
    address, cookies = callback
    forwarded = {} if sender is None else {"x-forwarded-for": f"203.0.113.9, {sender}"}
    return await client.get(address, headers={"cookie": cookies, **forwarded})


async def test_a_provider_that_sends_a_byte_now_and_then_is_given_up(world: Any, monkeypatch: Any) -> None:
    address, cookies = _ready_to_return(world)

    async def trickles(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.01)

    world.back_channel.apps[PROVIDER] = trickles
    monkeypatch.setattr("cloudlet.identity.oidc.fetch.WHOLE_SECONDS", 0.2)
    async with httpx.AsyncClient(transport=world.network) as client, asyncio.timeout(10):
        answer = await client.get(address, headers={"cookie": cookies})
    assert (answer.status_code, answer.json()["slug"]) == (502, "provider-unreachable")


def _ready_to_return(world: Any) -> tuple[str, str]:
    """Return the callback of a browser that has chosen a person, and the cookies it holds."""

    def go() -> tuple[str, str]:
        browser = world.browser()
        callback = world.choose(browser, world.begin(browser))
        return callback, "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)

    with ThreadPoolExecutor(1) as thread:  # the world's browsers run event loops of their own
        return thread.submit(go).result()


def test_two_tabs_sign_in_side_by_side(world: Any) -> None:
    browser = world.browser()
    first, second = world.begin(browser, "/one"), world.begin(browser, "/two")
    assert browser.get(world.choose(browser, second)).headers["location"] == "/two"
    assert browser.get(world.choose(browser, first)).headers["location"] == "/one"


def test_answer_at_another_providers_callback_is_refused(make_world: Any, caplog: Any) -> None:
    world = make_world(keys=("demo", "other"))
    browser = world.browser()
    callback = world.choose(browser, world.begin(browser))
    answer = browser.get(callback.replace("/callback/demo", "/callback/other"))
    assert (answer.status_code, answer.json()["slug"]) == (400, "sign-in-expired")
    assert logged_only(world, caplog) == ["other-provider"]


def test_one_of_several_providers_must_be_named(make_world: Any) -> None:
    world = make_world(keys=("demo", "other"))
    assert world.browser().get(f"{world.portal_url}/sign-in").status_code == 404


def test_answer_without_a_code_is_refused(world: Any, caplog: Any) -> None:
    browser = world.browser()
    callback = httpx.URL(world.choose(browser, world.begin(browser)))
    assert browser.get(callback.copy_remove_param("code")).status_code == 403
    assert logged_only(world, caplog) == ["no-code"]


def test_person_who_declines_at_the_provider_is_reported_so(world: Any, caplog: Any) -> None:
    browser = world.browser()
    state = dict(parse_qsl(urlsplit(world.begin(browser)).query))["state"]
    answer = browser.get(
        f"{world.portal_url}/sign-in/callback/demo",
        params={"state": state, "error": "access_denied", "iss": world.provider_settings.issuer},
    )
    assert answer.json()["slug"] == "sign-in-refused"
    assert logged_only(world, caplog) == ["provider-refused"]


def test_answer_without_issuer_is_refused_where_the_provider_always_names_itself(world: Any, caplog: Any) -> None:
    browser = world.browser()
    callback = httpx.URL(world.choose(browser, world.begin(browser)))
    assert browser.get(callback.copy_remove_param("iss")).status_code == 403
    assert logged_only(world, caplog) == ["wrong-callback-issuer"]


def test_unknown_provider_is_not_found(world: Any) -> None:
    browser = world.browser()
    assert browser.get(f"{world.portal_url}/sign-in", params={"provider": "evil"}).status_code == 404
    assert browser.get(f"{world.portal_url}/sign-in/callback/evil", params={"state": "x"}).status_code == 404


def test_only_provider_need_not_be_named(world: Any) -> None:
    assert world.browser().get(f"{world.portal_url}/sign-in").status_code == 303


def test_foreign_next_path_leads_home(world: Any) -> None:
    browser = world.browser()
    callback = world.choose(browser, world.begin(browser, "https://evil.example/"))
    assert browser.get(callback).headers["location"] == "/"


def test_silent_provider_is_reported_and_may_be_tried_again(world: Any) -> None:
    del world.back_channel.apps["http://127.0.0.1:8442"]
    answer = world.browser().get(f"{world.portal_url}/sign-in", params={"provider": "demo"})
    assert (answer.status_code, answer.json()["slug"]) == (502, "provider-unreachable")
    assert answer.json()["retryable"] is True


def test_each_sign_in_has_its_own_session_and_ends_the_one_before(world: Any) -> None:
    browser = world.browser()
    world.sign_in(browser)
    first = world.who(browser)["id"]
    world.sign_in(browser, "subject-ben")
    assert world.who(browser)["subject"] == "subject-ben"
    assert world.identities.session_by_id(first) is None


def test_session_id_that_an_attacker_planted_is_not_adopted(world: Any) -> None:
    browser = world.browser()
    world.sign_in(browser)
    (name,) = [cookie.name for cookie in browser.cookies.jar if cookie.name.endswith("session")]
    victim = world.browser()
    victim.cookies.set(name, "planted", domain="127.0.0.1", path="/")
    world.sign_in(victim)
    values = {cookie.value for cookie in victim.cookies.jar if cookie.name == name}
    assert "planted" not in values


def test_cookies_cannot_be_read_by_scripts_and_name_their_cloudlet(world: Any) -> None:
    browser = world.browser()
    address = world.choose(browser, world.begin(browser))
    cookie = browser.get(address).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_cookies_are_secure_and_bound_to_the_host_under_https(make_world: Any) -> None:
    world = make_world(portal_url="https://cloudlet.example.org")
    answer = world.browser().get("https://cloudlet.example.org/sign-in")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_sign_out_of_nobody_leads_home(world: Any) -> None:
    answer = world.browser().post(f"{world.portal_url}/sign-out", headers={"origin": world.portal_url})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_sign_out_ends_the_session(world: Any) -> None:
    browser = world.browser()
    world.sign_in(browser)
    session_id = world.who(browser)["id"]
    answer = browser.post(f"{world.portal_url}/sign-out", headers={"origin": world.portal_url})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert world.identities.session_by_id(session_id) is None
    assert world.who(browser) == {"signed_in": False}


def test_a_page_that_renews_itself_keeps_nobody_signed_in(world: Any) -> None:
    browser = world.browser()
    world.sign_in(browser)
    for mode in ("cors", "no-cors"):
        world.clock.advance(minutes=29)
        answer = browser.get(f"{world.portal_url}/who", headers={"sec-fetch-mode": mode})
        assert answer.json()["signed_in"]
    world.clock.advance(minutes=2)
    assert world.who(browser) == {"signed_in": False}


def test_a_page_on_which_somebody_moves_mouse_or_keys_says_so_and_stays_signed_in(world: Any) -> None:
    browser = world.browser()
    headers = {"origin": world.portal_url, "sec-fetch-mode": "cors"}
    assert browser.post(f"{world.portal_url}/api/presence", headers=headers).status_code == 401
    world.sign_in(browser)
    for _ in range(3):
        world.clock.advance(minutes=50)
        assert browser.post(f"{world.portal_url}/api/presence", headers=headers).status_code == 204
    assert world.who(browser)["signed_in"]


def test_other_sites_cannot_sign_anybody_out(world: Any) -> None:
    browser = world.browser()
    world.sign_in(browser)
    answer = browser.post(f"{world.portal_url}/sign-out", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert world.who(browser)["signed_in"]


def test_guard_asks_for_a_sign_in_then_for_an_account(world: Any) -> None:
    browser = world.browser()
    assert browser.get(f"{world.portal_url}/mine").json()["slug"] == "sign-in-needed"
    world.sign_in(browser)
    refused = browser.get(f"{world.portal_url}/mine")
    assert refused.status_code == 403
    assert "subject-ada" in refused.json()["remedy"]
    identity = Identity(world.provider_settings.issuer, "subject-ada")
    world.identities.link(identity, Account("ada", "Ada Park"), by=Actor.host("admin"))
    assert browser.get(f"{world.portal_url}/mine").json() == "ada"


def test_neither_codes_nor_secrets_nor_claims_are_stored_or_recorded(world: Any) -> None:
    browser = world.browser()
    callback = dict(parse_qsl(urlsplit(world.choose(browser, world.begin(browser))).query))
    browser.get(f"{world.portal_url}/sign-in/callback/demo", params=callback)
    world.begin(browser)
    stored = "\n".join(rows(world))
    cookies = [cookie.value for cookie in browser.cookies.jar]
    for secret in (*cookies, callback["code"], callback["state"], "s3cret"):
        assert secret not in stored
    (token_request,) = [r for r in world.back_channel.sent if r.url.path == "/token"]
    assert not token_request.url.query
