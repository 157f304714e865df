"""What every HTTP route needs: headers, the same-origin check, errors made into answers, live events."""

from cloudlet.web.addresses import UNPROTECTED, as_origin, is_protected, local_path, sender_network
from cloudlet.web.app import create_app
from cloudlet.web.cookies import cookie_name, is_secure
from cloudlet.web.errors import Forbidden, MethodRefused, NotFound, RequestUnusable, SignInNeeded
from cloudlet.web.headers import security_headers
from cloudlet.web.settings import WebSettings
from cloudlet.web.statuses import problem_of, status_of
from cloudlet.web.stream import ServerEvent, event_stream

__all__ = [
    "UNPROTECTED",
    "Forbidden",
    "MethodRefused",
    "NotFound",
    "RequestUnusable",
    "ServerEvent",
    "SignInNeeded",
    "WebSettings",
    "as_origin",
    "cookie_name",
    "create_app",
    "event_stream",
    "is_protected",
    "is_secure",
    "local_path",
    "problem_of",
    "security_headers",
    "sender_network",
    "status_of",
]
