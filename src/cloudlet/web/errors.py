"""The answers that any route may give instead of what was asked for."""

from cloudlet.errors import CloudletError

__all__ = [
    "CrossOrigin",
    "Forbidden",
    "MethodRefused",
    "NotFound",
    "RequestTooLarge",
    "RequestTooSlow",
    "RequestUnusable",
    "SignInNeeded",
]


class SignInNeeded(CloudletError):
    """Nobody is signed in in this browser."""

    slug = "sign-in-needed"


class Forbidden(CloudletError):
    """The person is known and may not; the message is the rule's reason."""

    slug = "forbidden"


class NotFound(CloudletError):
    """There is nothing at this address, or nothing that this person may know of."""

    slug = "not-found"


class RequestUnusable(CloudletError):
    """A value in the address, the headers or the form is of the wrong kind, too large, or missing."""

    slug = "request-unusable"


class RequestTooLarge(CloudletError):
    """More was sent than anything here takes."""

    slug = "request-too-large"


class RequestTooSlow(CloudletError):
    """A request was begun and did not come to its end."""

    slug = "request-too-slow"
    retryable = True


class MethodRefused(CloudletError):
    """There is something at this address, but it takes no such request."""

    slug = "method-refused"


class CrossOrigin(CloudletError):
    """Another site's page tried to make the browser do something here."""

    slug = "cross-origin"
