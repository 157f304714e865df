from pathlib import Path

import pytest

from cloudlet.cryoem import CryoemSettings
from cloudlet.settings import SettingsInvalid, examine, load
from cloudlet.settings.settings_page import render, render_movies

PAGE = Path(__file__).parents[3] / "docs/reference/settings.md"
MOVIES = PAGE.with_name("movies.md")


def write(folder: Path, text: str) -> Path:
    path = folder / "cloudlet.toml"
    path.write_text(text)
    return path


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = load(write(tmp_path, ""))
    assert settings.web.base_url == "http://127.0.0.1:8440"
    assert settings.instruments == {}


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    text = """
        colour = "blue"
        [web]
        base_url = "cloudlet.example.org"
        [instruments.arctica]
        description = "no title"
    """
    with pytest.raises(SettingsInvalid) as caught:
        load(write(tmp_path, text))
    assert "colour: there is no such setting" in caught.value.message
    assert "web.base_url" in caught.value.message
    assert "instruments.arctica.title" in caught.value.message
    assert "docs/reference/settings.md" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[webb]", "webb: there is no such setting; did you mean web?"),
        ("[web]\nbase_ulr = 'x'", "web.base_ulr: there is no such setting; did you mean base_url?"),
        ("[portal]\ncolour = 'blue'", "portal.colour: there is no such setting."),
        (
            "[instruments.a]\ntitle = 'A'\nconsole = { host = 'h', prot = 1 }",
            "instruments.a.console.prot: there is no such setting; did you mean port?",
        ),
        ("[instruments.a]", "instruments.a.title: it is missing."),
        ("[instruments]\na = 1", "instruments.a: it must be a table."),
        ("instruments = 1", "instruments: it must be a table."),
        ("web = 1", "web: it must be a table."),
        ("[portal]\npulse_seconds = 'soon'", "portal.pulse_seconds: it must be a number."),
        ("[compute]\nworkers = 1.5", "compute.workers: it must be a whole number."),
        ("[compute]\nworkers = 0", "compute.workers: it must be at least 1."),
        ("[portal]\ntitle = ''", "portal.title: it must not be empty."),
        ("[portal]\ntitle = 3", "portal.title: it must be text in quotes."),
        ("[access]\norigins = 'x'", "access.origins: it must be a list in brackets."),
        ("[instruments.a]\ntitle = 'A'\nconsole = { host = 'h', kind = 'rdp' }", "console.kind: it must be 'vnc'."),
        (
            "[identity.providers.'A B']",
            "identity.providers.A B: a key is made of lower-case letters, digits and hyphens",
        ),
        ("[instruments.'x y/é']\ntitle = 'A'", "instruments.x y/é: a key is made of lower-case letters"),
        ("[instruments.a]\ntitle = ''", "instruments.a.title: it must not be empty."),
        ("[instruments.a]\ntitle = 'A'\nconsole = { host = 'http://10.0.0.1:5900' }", "console.host: give the name"),
        ("[instruments.a]\ntitle = 'A'\nconsole = { host = '' }", "console.host: give the name"),
    ],
)
def test_what_is_wrong_is_reported_in_plain_sentences(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load(write(tmp_path, text))
    assert sentence in caught.value.message
    assert "nput" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ('web.base_url = "http://cloudlet.example.org"', "web.base_url"),
        ('access.gateway_url = "ws://cloudlet.example.org/gateway"', "access.gateway_url"),
        ('access.origins = ["https://cloudlet.example.org", "http://cloudlet.example.org"]', "access.origins"),
    ],
)
def test_address_of_another_host_without_tls_is_refused_at_every_start(tmp_path: Path, text: str, setting: str) -> None:
    with pytest.raises(
        SettingsInvalid, match=rf"{setting}: the address must begin with (https|wss)://.*for this host alone"
    ):
        load(write(tmp_path, text))


def test_consoles_and_providers_are_made_out_of_settings_that_cannot_be_used(tmp_path: Path) -> None:
    text = """
        [portal]
        colour = "blue"
        [instruments.arctica.console]
        host = "scope"
        password_file = "/secrets/arctica"
        [instruments.krios.console]
        hots = "scope"
        [identity.providers.home]
        title = "Home"
        issuer = "https://idp.example.org"
        client_id = "us"
        client_secret_file = "/secrets/home"
    """
    examined = examine(write(tmp_path, text))
    assert [str(console.password_file) for console in examined.consoles.values()] == ["/secrets/arctica"]
    assert [str(provider.client_secret_file) for provider in examined.providers.values()] == ["/secrets/home"]


def test_workloads_are_made_out_of_settings_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
        [portal]
        colour = "blue"
        [instruments.arctica.workload]
        name = "cryoem"
        [instruments.krios.workload]
        nmae = "cryoem"
    """
    examined = examine(write(tmp_path, text))
    assert any("did you mean name?" in problem for problem in examined.problems)
    assert list(examined.workloads) == ["arctica"]
    assert examine(write(tmp_path, "instruments = 1")).workloads == {}
    monkeypatch.setenv("CLOUDLET_INSTRUMENTS", "notjson")
    examined = examine(write(tmp_path, text))
    assert "Write it as JSON" in examined.problems[0]
    assert list(examined.workloads) == ["arctica"]


def test_the_environment_goes_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDLET_WEB__BASE_URL", "https://cloudlet.example.org")
    settings = load(write(tmp_path, '[web]\nbase_url = "http://127.0.0.1:1"\n[analytics]\n'))
    assert settings.web.base_url == "https://cloudlet.example.org"


def test_a_variable_that_is_no_json_is_reported_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDLET_INSTRUMENTS", "notjson")
    with pytest.raises(SettingsInvalid, match=r"A CLOUDLET_ variable cannot be read: .*instruments.* Write it as JSON"):
        load(write(tmp_path, ""))


def test_a_console_that_no_page_of_ours_could_open_is_refused(tmp_path: Path) -> None:
    text = """
        [web]
        base_url = "https://Cloudlet.example.org:443"
        [access]
        origins = [{}]
        [instruments.arctica]
        title = "Arctica"
        [instruments.arctica.console]
        host = "scope"
    """
    assert load(write(tmp_path, text.format('"https://cloudlet.example.org"'))).instruments
    with pytest.raises(
        SettingsInvalid, match=r"\n- access\.origins lacks web\.base_url.*https://cloudlet\.example\.org"
    ):
        load(write(tmp_path, text.format('"https://c.example"')))
    load(write(tmp_path, text.format("").partition("[instruments.arctica.console]")[0]))


@pytest.mark.parametrize(("text", "sentence"), [("[web", "is no TOML"), (None, "cannot be read")])
def test_a_file_that_cannot_be_read_is_reported_in_words(tmp_path: Path, text: str | None, sentence: str) -> None:
    path = tmp_path / "missing.toml" if text is None else write(tmp_path, text)
    with pytest.raises(SettingsInvalid, match=sentence):
        load(path)


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == render(), (
        "run: python -m cloudlet.settings.settings_page > docs/reference/settings.md"
    )


def test_the_page_of_the_settings_for_movies_is_current_and_pointed_to() -> None:
    assert MOVIES.read_text("utf-8") == render_movies(CryoemSettings), (
        "run: python -m cloudlet.settings.settings_page cloudlet.cryoem:CryoemSettings > docs/reference/movies.md"
    )
    assert "(movies.md)" in render()


def test_the_reference_page_tells_of_tables_as_well() -> None:
    page = render()
    for heading, sentence in (("identity.providers.KEY", "part of the callback"), ("instruments.KEY", "never changes")):
        assert sentence in page.partition(f"`[{heading}]`")[2].partition("\n## ")[0]


def test_every_setting_says_what_it_is_and_why_its_default() -> None:
    for paragraph in render().split("\n\n"):
        if paragraph.startswith("`"):
            head, _, description = paragraph.partition("\n: ")
            assert "· None" not in head, head
            assert len(description) > 20, head
