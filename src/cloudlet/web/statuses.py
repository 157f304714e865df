"""The one table from an error's slug to its HTTP status."""

from __future__ import annotations

from cloudlet.database import JsonObject
from cloudlet.errors import CloudletError

__all__ = ["STATUSES", "problem_of", "status_of"]

STATUSES = {
    "sign-in-needed": 401,
    "forbidden": 403,
    "cross-origin": 403,
    "ticket-refused": 403,
    "not-found": 404,
    "exposure-unknown": 404,
    "run-unknown": 404,
    "method-refused": 405,
    "retry-refused": 409,
    "account-refused": 400,
    "grant-refused": 422,
    "link-refused": 409,
    "request-unusable": 422,
    "value-not-storable": 422,
    "request-too-slow": 408,
    "request-too-large": 413,
    "too-many-streams": 429,
    "sign-in-refused": 403,
    "sign-in-expired": 400,
    "sign-in-busy": 503,
    "provider-unreachable": 502,
    "console-unreachable": 502,
    "database-busy": 503,
    "database-unusable": 503,
}
"""An error that is not in the table is ours to mend: 500."""


def status_of(error: CloudletError) -> int:
    """Return the HTTP status for `error`."""
    return STATUSES.get(error.slug, 500)


def problem_of(error: CloudletError) -> JsonObject:
    """Return `error` as the JSON body that every API route gives."""
    return {
        "slug": error.slug,
        "message": error.message,
        "remedy": error.remedy,
        "retryable": error.retryable,
    }
