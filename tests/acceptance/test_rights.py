"""Each person of the demo gets exactly what they may do, whatever their browser tries."""

from __future__ import annotations

import os
import signal

import psutil
import pytest
from playwright.sync_api import Browser, Playwright
from tests.acceptance.demo import Cockpit, Demo
from tests.browser import launch
from tests.patience import eventually
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

pytestmark = [pytest.mark.acceptance, pytest.mark.needs("chromium"), pytest.mark.timeout(300)]


def test_an_observers_clicks_and_keys_do_nothing(demo: Demo, browser: Browser) -> None:
    cockpit = Cockpit(demo.sign_in(browser, "Ben Osei")).open()
    eventually(lambda: cockpit.facts()["console"]["observers"], 20, "Ben observing")
    cockpit.click("start")
    cockpit.page.keyboard.press("Tab")
    cockpit.page.keyboard.press("Enter")
    cockpit.page.wait_for_timeout(4000)
    assert not list(demo.raw.glob("*.tif"))

    operator = Cockpit(demo.sign_in(browser, "Ada Park")).open()
    eventually(lambda: operator.facts()["console"]["operator"], 20, "Ada in control")
    cockpit.dial("target_defocus_um", "3.3")
    operator.click("start")
    (truth,) = demo.newest_truths(1)
    assert truth.dials.target_defocus_um != 3.3
    operator.click("stop")


def test_somebody_without_rights_sees_no_instrument_and_gets_no_ticket_and_no_socket(
    demo: Demo, browser: Browser
) -> None:
    page = demo.sign_in(browser, "Cleo Marsh")
    assert "Talos Arctica" not in page.content()
    origin = page.evaluate("location.origin")
    assert page.request.get(f"{origin}/api/instruments").json() == []
    answer = page.request.post(f"{origin}/api/instruments/arctica/ticket", headers={"origin": origin})
    assert answer.status == 403
    assert page.goto(f"{origin}/instruments/arctica").status == 403  # type: ignore[union-attr]

    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://127.0.0.1:{demo.ports['gateway']}/console/arctica",
            origin=Origin(origin),
            subprotocols=[Subprotocol("rfb.cloudlet"), Subprotocol("ticket." + "A" * 43)],  # there is none to be had
        )
    assert refused.value.response.status_code == 403


def test_a_button_held_while_the_browser_is_killed_is_released(demo: Demo, playwright: Playwright) -> None:
    others = {process.pid for process in psutil.Process().children(recursive=True)}
    cockpit = Cockpit(demo.sign_in(launch(playwright), "Ada Park")).open()
    eventually(lambda: cockpit.facts()["console"]["operator"], 20, "Ada in control")
    cockpit.click("stage_fast")
    cockpit.click("start")
    (first,) = demo.newest_truths(1)
    cockpit.page.mouse.move(*cockpit.point("stage_right"))
    cockpit.page.mouse.down()
    held = demo.newest_truths(2, after=first.number + 1)
    assert held[1].dials.stage_x_um > held[0].dials.stage_x_um + 1, "the held button moves the stage"
    for process in psutil.Process().children(recursive=True):
        if process.pid not in others and "chrom" in process.name():
            os.kill(process.pid, signal.SIGKILL)
    later = demo.newest_truths(2, after=held[1].number + 2)
    assert later[0].dials.stage_x_um == later[1].dials.stage_x_um, "the stage stands still"
