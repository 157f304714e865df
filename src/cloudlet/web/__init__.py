"""What every HTTP route needs: headers, the same-origin check, errors made into answers, live events."""

from cloudlet.web.app import create_app
from cloudlet.web.cookies import cookie_name, is_secure
from cloudlet.web.errors import Forbidden, NotFound, SignInNeeded
from cloudlet.web.settings import WebSettings
from cloudlet.web.statuses import problem_of, status_of
from cloudlet.web.stream import ServerEvent, event_stream

__all__ = [
    "Forbidden",
    "NotFound",
    "ServerEvent",
    "SignInNeeded",
    "WebSettings",
    "cookie_name",
    "create_app",
    "event_stream",
    "is_secure",
    "problem_of",
    "status_of",
]
