"""The host's Chromium, as every test and benchmark with a browser starts it."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

__all__ = ["FLAGS", "launch"]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium that is found on the PATH, without a window."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
