"""The one base of every error that a person may read, and what any part may find wrong with its settings."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["CloudletError", "SettingsInvalid"]


class CloudletError(Exception):
    """Something went wrong that a person can understand and mostly mend.

    Each condition is a subclass with its own `slug`. The sentences are written for the researcher or the
    administrator who will read them; the cause for the log travels as ``raise ... from cause``.

    Parameters
    ----------
    message
        One sentence that says what happened.
    remedy
        One sentence that says what to do about it; empty where nothing can be done.
    """

    slug: ClassVar[str] = "error"
    """Stable short code, the same in pages, API answers and logs."""

    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later without anything being changed."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()

    def __reduce__(self) -> tuple[type[CloudletError], tuple[str, str]]:
        return (type(self), (self.message, self.remedy))


class SettingsInvalid(CloudletError):
    """Settings cannot be used; the message names every problem at once."""

    slug = "settings-invalid"
