"""What can go wrong when somebody signs in."""

from __future__ import annotations

from enum import StrEnum

from cloudlet.errors import CloudletError

__all__ = [
    "AccountRefused",
    "LinkRefused",
    "ProviderUnreachable",
    "Refusal",
    "SecretUnreadable",
    "SignInBusy",
    "SignInExpired",
    "SignInRefused",
]


class Refusal(StrEnum):
    """Why a sign-in was refused: short codes for the audit record and the support mail."""

    UNKNOWN_SIGN_IN = "unknown-sign-in"
    OTHER_PROVIDER = "other-provider"
    TOO_LATE = "too-late"
    PROVIDER_REFUSED = "provider-refused"
    NO_CODE = "no-code"
    WRONG_CALLBACK_ISSUER = "wrong-callback-issuer"
    WRONG_DISCOVERY = "wrong-discovery"
    CODE_REFUSED = "code-refused"
    INCOMPLETE_ANSWER = "incomplete-answer"
    MALFORMED = "malformed-token"
    WRONG_ALGORITHM = "wrong-algorithm"
    UNKNOWN_CRITICAL_HEADER = "unknown-critical-header"
    BAD_SIGNATURE = "bad-signature"
    WRONG_ISSUER = "wrong-issuer"
    WRONG_AUDIENCE = "wrong-audience"
    WRONG_PARTY = "wrong-authorized-party"
    WRONG_NONCE = "wrong-nonce"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "issued-in-the-future"
    NO_SUBJECT = "no-subject"
    WRONG_HASH = "wrong-access-token-hash"
    WRONG_PERSON = "userinfo-of-somebody-else"
    BAD_PERSON_ANSWER = "bad-userinfo-answer"


class SignInRefused(CloudletError):
    """The identity provider said no, or its answer did not pass a check.

    Parameters
    ----------
    reason
        Which check; shown as a code, because only an administrator can act on it.
    """

    slug = "sign-in-refused"

    def __init__(self, reason: Refusal) -> None:
        if reason is Refusal.PROVIDER_REFUSED:
            message = f"The identity provider did not sign you in ({reason})."
        else:
            message = f"You were not signed in: the identity provider's answer did not pass a check ({reason})."
        super().__init__(message, "Sign in again; if it happens twice, send the code in brackets to the administrator.")
        self.reason = reason

    def __reduce__(self) -> tuple[type[SignInRefused], tuple[Refusal]]:  # type: ignore[override]
        return (type(self), (self.reason,))


class SignInExpired(CloudletError):
    """The answer belongs to no sign-in that this browser has under way.

    Parameters
    ----------
    reason
        Used before or begun elsewhere, too old, or for another provider.
    """

    slug = "sign-in-expired"

    def __init__(self, reason: Refusal) -> None:
        super().__init__(
            f"This sign-in was used already, took too long, or was begun in another browser ({reason}).",
            "Sign in again from this browser; it must accept cookies of this site.",
        )
        self.reason = reason

    def __reduce__(self) -> tuple[type[SignInExpired], tuple[Refusal]]:  # type: ignore[override]
        return (type(self), (self.reason,))


class ProviderUnreachable(CloudletError):
    """The identity provider does not answer, or not with what the protocol asks for."""

    slug = "provider-unreachable"
    retryable = True


class SignInBusy(CloudletError):
    """So many people are signing in by one provider that another one would have to wait for it too long."""

    slug = "sign-in-busy"
    retryable = True


class SecretUnreadable(CloudletError):
    """The file with the client secret cannot be read."""

    slug = "secret-unreadable"


class AccountRefused(CloudletError):
    """A local account cannot have this name."""

    slug = "account-refused"


class LinkRefused(CloudletError):
    """An identity is linked to another account already."""

    slug = "link-refused"
