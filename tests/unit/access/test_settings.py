"""Which addresses may be written into the settings."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cloudlet.access import AccessSettings, ConsoleSettings


@pytest.mark.parametrize("url", ["ws://127.0.0.1:8441", "wss://cloudlet.example.org/gateway"])
def test_gateway_has_a_websocket_address(url: str) -> None:
    assert AccessSettings(gateway_url=url + "/").gateway_url == url


@pytest.mark.parametrize(
    "url", ["ws://cloudlet.example.org", "http://127.0.0.1", "wss://", "wss://host/?key=1", "wss://host/#part", "host"]
)
def test_other_addresses_are_no_gateway(url: str) -> None:
    with pytest.raises(ValidationError):
        AccessSettings(gateway_url=url)


@pytest.mark.parametrize("origin", ["http://host", "https://host/page", "example.org", "*", "ws://host", "null"])
def test_what_a_browser_never_says_is_no_origin(origin: str) -> None:
    with pytest.raises(ValidationError):
        AccessSettings(origins=(origin,))


def test_pages_that_may_open_a_console_are_kept_as_browsers_send_them() -> None:
    written = ("https://Cloudlet.example.org:443", "http://127.0.0.1:8440/")
    assert AccessSettings(origins=written).origins == ("https://cloudlet.example.org", "http://127.0.0.1:8440")


def test_console_has_no_default_host() -> None:
    with pytest.raises(ValidationError):
        ConsoleSettings.model_validate({})
    with pytest.raises(ValidationError):
        ConsoleSettings.model_validate({"host": "scope", "port": 0})
    with pytest.raises(ValidationError):
        ConsoleSettings.model_validate({"host": "scope", "password": "in the settings"})


def test_every_setting_says_what_it_is() -> None:
    for model in (AccessSettings, ConsoleSettings):
        for field in model.model_fields.values():
            assert field.title
            assert field.description
