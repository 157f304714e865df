from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import KeySet, RSAKey
from pydantic import SecretStr, ValidationError

from cloudlet.testbed.identity_provider import Person, ProviderClient, ProviderSettings, create_provider
from cloudlet.testbed.identity_provider.authorization_requests import fault_of

BASE = "http://127.0.0.1:8442"
PORTAL = "http://127.0.0.1:8440"
CALLBACK = f"{PORTAL}/sign-in/callback/demo"
ISSUER = "http://127.0.0.1:7000/first-start"
LINK_SECRET = "the-secret-in-the-printed-link"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
QUESTION = {
    "response_type": "code",
    "client_id": "portal:1",
    "redirect_uri": CALLBACK,
    "scope": "openid profile",
    "state": "the-state",
    "nonce": "the-nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
SECRET = "s3cret/with+signs%and:colons"


def settings(**changes: Any) -> ProviderSettings:
    client = ProviderClient("portal:1", SecretStr(SECRET), (CALLBACK,))
    other = ProviderClient("portal:2", SecretStr("another"), (CALLBACK,))
    known = {
        "instance": "one",
        "issuer": ISSUER,
        "base_url": BASE,
        "portal_url": f"{PORTAL}/",
        "secret": SecretStr(LINK_SECRET),
        "clients": (client, other),
        "people": (Person("subject-ada", "Ada <Park>", "May operate"), Person("subject-ben", "Ben Osei")),
    }
    return ProviderSettings(**{**known, **changes})


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


@pytest.fixture
async def stranger(key: RSAKey, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_provider(settings(), key=key, clock=clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        yield client


@pytest.fixture
async def browser(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    answer = await stranger.get(f"/enter/{LINK_SECRET}")
    assert answer.status_code == 303
    return stranger


async def code_of(browser: httpx.AsyncClient, **changes: str) -> str:
    answer = await browser.post("/authorize", data={**QUESTION, "person": "subject-ada", **changes})
    link = re.search(r'<a href="([^"]+)">', answer.text)
    assert link is not None, answer.text
    return dict(parse_qsl(urlsplit(unescape(link.group(1))).query))["code"]


def exchange(own_code: str, **changes: str) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "code": own_code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": "portal:1",
        "client_secret": SECRET,
    }
    return {name: value for name, value in {**form, **changes}.items() if value}


async def test_printed_link_leads_to_the_portal_and_leaves_a_cookie_that_is_not_the_secret(
    stranger: httpx.AsyncClient,
) -> None:
    answer = await stranger.get(f"/enter/{LINK_SECRET}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PORTAL}/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "one" in cookie.split("=")[0]
    assert LINK_SECRET not in cookie


@pytest.mark.parametrize("secret", ["wrong", LINK_SECRET[:-1], LINK_SECRET + "x", "%F0%9F%94%91"])
async def test_wrong_link_opens_nothing(stranger: httpx.AsyncClient, secret: str) -> None:
    answer = await stranger.get(f"/enter/{secret}")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_without_the_link_nobody_is_offered_a_choice(stranger: httpx.AsyncClient) -> None:
    asked = await stranger.get("/authorize", params=QUESTION)
    chosen = await stranger.post("/authorize", data={**QUESTION, "person": "subject-ada"})
    for answer in (asked, chosen):
        assert answer.status_code == 403
        assert "cloudlet demo printed" in answer.text
        assert "code=" not in answer.text


async def test_cookie_of_another_demonstration_opens_nothing(stranger: httpx.AsyncClient, key: RSAKey) -> None:
    other = create_provider(settings(secret=SecretStr("the-secret-of-another-demo")), key=key)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url=BASE) as client:
        await client.get("/enter/the-secret-of-another-demo")
        stranger.cookies.update(client.cookies)
    assert (await stranger.get("/authorize", params=QUESTION)).status_code == 403


async def test_link_stays_opened_when_the_provider_is_restarted(browser: httpx.AsyncClient) -> None:
    restarted = create_provider(settings())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(restarted), base_url=BASE, cookies=browser.cookies
    ) as again:
        assert (await again.get("/authorize", params=QUESTION)).status_code == 200


async def test_everybody_can_be_chosen_by_a_named_button(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/authorize", params=QUESTION)).text
    assert page.count("<button") == 2
    assert "Ada &lt;Park&gt;" in page
    assert "Demonstration only" in page
    assert 'name="state" value="the-state"' in page


async def test_pages_allow_no_scripts_and_nothing_inline(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/authorize", params=QUESTION)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert (await browser.get("/style.css")).headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "change", [{"client_id": "nobody"}, {"redirect_uri": CALLBACK + "/"}, {"redirect_uri": "https://evil.example"}]
)
async def test_unknown_portal_is_reported_so_and_nobody_is_sent_anywhere(
    browser: httpx.AsyncClient, change: dict[str, str]
) -> None:
    for answer in (
        await browser.get("/authorize", params={**QUESTION, **change}),
        await browser.post("/authorize", data={**QUESTION, **change, "person": "subject-ada"}),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_wrong_question_goes_back_with_its_error(
    browser: httpx.AsyncClient, change: dict[str, str], error: str
) -> None:
    answer = await browser.get("/authorize", params={**QUESTION, **change})
    reported = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert answer.headers["location"].startswith(CALLBACK)
    assert reported == {"error": error, "state": "the-state", "iss": ISSUER}


@given(st.dictionaries(st.sampled_from(list(QUESTION)), st.text()))
def test_no_question_without_a_proof_key_can_be_answered(changes: dict[str, str]) -> None:
    asked = {**QUESTION, **changes}
    if fault_of(asked) is None:
        assert asked["code_challenge_method"] == "S256"
        assert re.fullmatch("[A-Za-z0-9_-]{43}", asked["code_challenge"])


async def test_choice_from_another_sites_page_is_refused(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(
        "/authorize", data={**QUESTION, "person": "subject-ada"}, headers={"origin": "http://127.0.0.1:9000"}
    )
    assert answer.status_code == 403


async def test_unknown_person_cannot_be_chosen(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/authorize", data={**QUESTION, "person": "root"})
    assert answer.status_code == 400


async def test_code_becomes_a_token_signed_by_the_published_key(browser: httpx.AsyncClient, clock: Clock) -> None:
    answer = await browser.post("/token", data=exchange(await code_of(browser)))
    assert answer.headers["cache-control"] == "no-store"
    keys = KeySet.import_key_set((await browser.get("/keys")).json())
    signed = jws.deserialize_compact(answer.json()["id_token"], keys, ["RS256"])
    claims = json.loads(signed.payload)
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, "subject-ada", "portal:1")
    assert claims["nonce"] == "the-nonce"
    assert claims["iat"] == clock.now.timestamp()
    assert "d" not in (await browser.get("/keys")).json()["keys"][0]


async def test_client_may_prove_itself_by_form_encoded_basic(browser: httpx.AsyncClient) -> None:
    pair = f"{quote_plus('portal:1')}:{quote_plus(SECRET)}"
    header = {"authorization": "Basic " + b64encode(pair.encode()).decode()}
    form = exchange(await code_of(browser), client_id="", client_secret="")
    assert (await browser.post("/token", data=form, headers=header)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"client_secret": "wrong"}, {"client_secret": ""}, {"client_id": "nobody"}, {"client_id": ""}],
)
async def test_client_that_does_not_prove_itself_gets_nothing(
    browser: httpx.AsyncClient, change: dict[str, str]
) -> None:
    answer = await browser.post("/token", data=exchange(await code_of(browser), **change))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("header", ["Basic ", "Basic %%%", "Basic cG9ydGFs", "Bearer x", "Basic " + "/" * 40])
async def test_odd_credentials_prove_nothing(browser: httpx.AsyncClient, header: str) -> None:
    form = exchange(await code_of(browser), client_id="", client_secret="")
    answer = await browser.post("/token", data=form, headers={"authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": f"{PORTAL}/"},
        {"redirect_uri": ""},
        {"code": "made-up"},
        {"client_id": "portal:2", "client_secret": "another"},
    ],
)
async def test_code_is_good_for_its_own_question_only(browser: httpx.AsyncClient, change: dict[str, str]) -> None:
    answer = await browser.post("/token", data=exchange(await code_of(browser), **change))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_code_is_good_once(browser: httpx.AsyncClient) -> None:
    form = exchange(await code_of(browser))
    assert (await browser.post("/token", data=form)).status_code == 200
    assert (await browser.post("/token", data=form)).json()["error"] == "invalid_grant"


async def test_code_shown_with_a_wrong_verifier_is_burnt(browser: httpx.AsyncClient) -> None:
    code = await code_of(browser)
    await browser.post("/token", data=exchange(code, code_verifier="w" * 43))
    assert (await browser.post("/token", data=exchange(code))).status_code == 400


async def test_code_is_good_for_a_minute(browser: httpx.AsyncClient, clock: Clock) -> None:
    code = await code_of(browser)
    clock.now += timedelta(seconds=60)
    assert (await browser.post("/token", data=exchange(code))).status_code == 400


async def test_other_grants_and_oversized_forms_are_refused(browser: httpx.AsyncClient) -> None:
    form = exchange(await code_of(browser), grant_type="password")
    assert (await browser.post("/token", data=form)).json()["error"] == "unsupported_grant_type"
    assert (await browser.post("/token", data={**form, "x": "y" * 70_000})).status_code == 401
    assert (await browser.post("/token", content=b"\xff&" * 100)).status_code == 401


async def test_userinfo_tells_of_the_person_who_chose(browser: httpx.AsyncClient, clock: Clock) -> None:
    tokens = (await browser.post("/token", data=exchange(await code_of(browser)))).json()
    header = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await browser.get("/userinfo", headers=header)).json() == {"sub": "subject-ada", "name": "Ada <Park>"}
    assert (await browser.get("/userinfo")).status_code == 401
    clock.now += timedelta(minutes=5)
    assert (await browser.get("/userinfo", headers=header)).status_code == 401


async def test_metadata_names_the_lasting_issuer_and_the_present_address(stranger: httpx.AsyncClient) -> None:
    document = (await stranger.get("/.well-known/openid-configuration")).json()
    assert document["issuer"] == ISSUER
    assert document["token_endpoint"] == f"{BASE}/token"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["authorization_response_iss_parameter_supported"] is True


async def test_other_host_names_are_not_served(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/.well-known/openid-configuration", headers={"host": "rebound.example:8442"})
    assert answer.status_code == 400


@pytest.mark.parametrize("url", ["http://127.0.0.1:8442", "http://localhost:1", "http://127.0.0.1"])
def test_provider_is_served_on_loopback(url: str) -> None:
    assert settings(base_url=url).base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8442",
        "http://0.0.0.0:8442",
        "http://192.168.1.4:8442",
        "http://idp.example.org",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://ada@127.0.0.1",
        "http://localhost/path",
        "ftp://localhost",
        "",
    ],
)
def test_provider_refuses_to_be_made_for_any_other_address(url: str) -> None:
    with pytest.raises(ValidationError):
        settings(base_url=url)


def test_short_link_secret_is_refused_and_never_shown() -> None:
    with pytest.raises(ValidationError):
        settings(secret=SecretStr("short"))
    assert LINK_SECRET not in repr(settings())
    assert SECRET not in repr(settings())
