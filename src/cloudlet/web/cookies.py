"""Cookie names that keep two cloudlets on one host apart: browsers ignore ports when they send cookies."""

from __future__ import annotations

import hashlib

from cloudlet.web.settings import WebSettings

__all__ = ["cookie_name", "is_secure"]


def is_secure(settings: WebSettings) -> bool:
    """Return whether cookies can be marked Secure: the pages are served over TLS."""
    return settings.base_url.startswith("https://")


def cookie_name(settings: WebSettings, purpose: str) -> str:
    """Return the name of the cookie for `purpose`, unique to this cloudlet's address."""
    mark = hashlib.sha256(settings.base_url.encode()).hexdigest()[:8]
    prefix = "__Host-" if is_secure(settings) else ""
    return f"{prefix}cloudlet-{mark}-{purpose}"
