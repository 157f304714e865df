"""The instrument's screen in the cockpit: the way out of it by keyboard, and one person in two windows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from tests.acceptance.demo import Cockpit, Demo
from tests.patience import eventually

pytestmark = [pytest.mark.acceptance, pytest.mark.needs("chromium"), pytest.mark.timeout(300)]

IS_IN_SCREEN = "document.getElementById('screen').contains(document.activeElement)"


def test_ctrl_alt_shift_leads_out_of_the_screen_when_all_three_are_up_again(demo: Demo, browser: Browser) -> None:
    cockpit = Cockpit(demo.sign_in(browser, "Ada Park")).open()
    page, keys = cockpit.page, ("Control", "Alt", "Shift")
    cockpit.click("target_defocus_um")
    assert page.evaluate(IS_IN_SCREEN)
    for key in keys:
        page.keyboard.down(key)
    for key in keys[:2]:
        page.keyboard.up(key)
    page.wait_for_timeout(200)
    assert page.evaluate(IS_IN_SCREEN), "the instrument must see the last key go up"
    page.keyboard.up(keys[2])
    eventually(lambda: page.evaluate("document.activeElement.id") == "console-full", 5, "the focus on the button")


def test_a_second_window_takes_control_and_the_first_says_so_and_does_nothing(demo: Demo, browser: Browser) -> None:
    first = Cockpit(demo.sign_in(browser, "Ada Park")).open()
    eventually(lambda: first.page.locator("#control").inner_text() == "You have control", 20, "control")
    second = Cockpit(first.page.context.new_page())
    second.page.goto(first.page.url)
    second.canvas.wait_for(state="visible", timeout=30_000)
    eventually(lambda: second.page.locator("#control").inner_text() == "You have control", 20, "control")
    eventually(lambda: "in another window" in first.page.locator("#control").inner_text(), 20, "the first's words")
    assert "Clicks and keys do nothing here" in first.page.locator("#console-hint").inner_text()

    first.dial("target_defocus_um", "3.3")
    first.click("start")
    second.dial("drift", "2")
    second.click("start")
    (truth,) = demo.newest_truths(1)
    assert truth.dials.drift == 2, "the second window's clicks and keys arrive"
    assert truth.dials.target_defocus_um != 3.3, "the first window's do not"
