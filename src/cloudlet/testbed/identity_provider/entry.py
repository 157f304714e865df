"""The printed link: who opened it may choose who to be, nobody else."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cloudlet.testbed.identity_provider.settings import ProviderSettings

__all__ = ["Entry"]


class Entry:
    """Turns the secret in the link's path into a cookie, so that it leaves the address bar.

    The cookie's value is derived from the secret: it stays good when the provider is restarted, and who reads
    the cookie has not read the link.

    Parameters
    ----------
    settings
        The secret, and where to go next.
    """

    def __init__(self, settings: ProviderSettings) -> None:
        self._secret = settings.secret.get_secret_value().encode()
        self._cookie = f"cloudlet-demo-{settings.instance}"
        self._value = hmac.new(self._secret, b"entered", "sha256").hexdigest()
        self._portal_url = settings.portal_url

    def enter(self, secret: str) -> Response | None:
        """Return the way to the portal, with the cookie, where `secret` is right; None where it is not."""
        if not hmac.compare_digest(secret.encode("utf-8", "replace"), self._secret):
            return None
        answer = RedirectResponse(self._portal_url, status_code=303)
        answer.set_cookie(self._cookie, self._value, httponly=True, samesite="lax", path="/")
        return answer

    def has_entered(self, request: Request) -> bool:
        """Return whether this browser has opened the link."""
        value = request.cookies.get(self._cookie, "")
        return hmac.compare_digest(value.encode("utf-8", "replace"), self._value.encode())
