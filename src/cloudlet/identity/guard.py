"""Who is behind a request; every route that is not public asks this first."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from cloudlet.identity.models import Account, Actor, WebSession
from cloudlet.identity.rules import is_use
from cloudlet.identity.service import Identities
from cloudlet.web import Forbidden, SignInNeeded, WebSettings, cookie_name

__all__ = ["Guard", "session_cookie"]


def session_cookie(settings: WebSettings) -> str:
    """Return the name of the cookie that holds a session's secret."""
    return cookie_name(settings, "session")


class Guard:
    """Finds the session of a request, once for each request.

    It reads the database: call it from ``def`` routes and dependencies, or in a thread.

    Parameters
    ----------
    identities
        Knows the sessions.
    settings
        Decides the cookie's name.
    """

    def __init__(self, identities: Identities, settings: WebSettings) -> None:
        self._identities = identities
        self._cookie = session_cookie(settings)

    def session(self, request: HTTPConnection) -> WebSession | None:
        """Return the session of this browser, None where nobody is signed in.

        Only what a person does uses the session: a page that renews itself in a forgotten tab keeps nobody signed in.
        """
        if not hasattr(request.state, "web_session"):
            secret, fetch_mode = request.cookies.get(self._cookie), request.headers.get("sec-fetch-mode")
            request.state.web_session = self._identities.session(secret, is_use=is_use(fetch_mode))
        found: WebSession | None = request.state.web_session
        return found

    def signed_in(self, request: HTTPConnection) -> WebSession:
        """Return the session of this browser.

        Raises
        ------
        SignInNeeded
            Nobody is signed in.
        """
        return _live(self.session(request))

    def account(self, request: HTTPConnection) -> Account:
        """Return the local account of who is signed in.

        Raises
        ------
        SignInNeeded
            Nobody is signed in.
        Forbidden
            Somebody is, whom nobody has given a local account.
        """
        return _account(self.signed_in(request))

    def actor(self, request: HTTPConnection) -> Actor:
        """Return who is signed in, acting; raises as `account` does."""
        return self.account(request).actor

    def account_now(self, session_id: str) -> Account:
        """Return the local account of a session found before, looked up anew; this is no use of it.

        Raises
        ------
        SignInNeeded
            The session has ended.
        Forbidden
            Nobody has given its identity a local account.
        """
        return _account(_live(self._identities.session_by_id(session_id)))


def _live(session: WebSession | None) -> WebSession:
    if session is None:
        raise SignInNeeded("You are not signed in.", "Sign in, then try again.")
    return session


def _account(session: WebSession) -> Account:
    if session.account is None:
        raise Forbidden(
            "You are signed in, but your identity has no account here.",
            f"Ask the administrator to link {session.identity.subject} of {session.identity.issuer}.",
        )
    return session.account
