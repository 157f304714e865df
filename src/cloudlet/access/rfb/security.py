"""Which kind of security is chosen, and what each refusal of a VNC server means."""

from __future__ import annotations

from collections.abc import Collection

from cloudlet.access.rfb.errors import (
    ConsoleRefused,
    PasswordRefused,
    SecurityUnsupported,
    TooManyFailures,
)

__all__ = ["SECURITY_NONE", "SECURITY_VNC", "chosen_security", "password_refusal", "refusal", "too_many"]

SECURITY_NONE = 1
SECURITY_VNC = 2
MAX_SENTENCE = 200


def chosen_security(offered: Collection[int], password: str | None) -> int:
    """Return the number of the kind of security to use, VNC authentication where there is a password for it.

    Raises
    ------
    PasswordRefused
        The server asks for a password and there is none.
    SecurityUnsupported
        Nothing that is offered is spoken here.
    """
    if SECURITY_VNC in offered and password:
        return SECURITY_VNC
    if SECURITY_NONE in offered:
        return SECURITY_NONE
    if SECURITY_VNC in offered:
        raise PasswordRefused(
            "The instrument's VNC server asks for a password and the gateway has none.",
            "Ask the facility's staff to set the console's password file.",
        )
    kinds = ", ".join(str(kind) for kind in sorted(offered))
    raise SecurityUnsupported(
        f"The instrument's VNC server offers only kinds of security that are not supported ({kinds}).",
        "Ask the facility's staff to allow VNC authentication on the instrument.",
    )


def refusal(reason: bytes) -> ConsoleRefused:
    """Return the error for a server that refuses before it asked for anything, with its own `reason`."""
    said = _readable(reason)
    if _is_blocked(said):
        return too_many()
    return ConsoleRefused(f"The instrument's VNC server refuses: {said or 'no reason given'}.")


def password_refusal(reason: bytes = b"") -> ConsoleRefused:
    """Return the error for a server that refuses the answer to its challenge, with its own `reason`."""
    said = _readable(reason)
    if "too many" in said.lower():
        return refusal(reason)  # it counted viewers or earlier failures, and has not looked at the answer
    return PasswordRefused(
        "The instrument's VNC server does not accept the password." + (f" It says: {said}." if said else ""),
        "Ask the facility's staff to correct the console's password file.",
    )


def too_many() -> TooManyFailures:
    """Return the error for a server that has blocked the gateway's address for a while."""
    return TooManyFailures(
        "The instrument's VNC server has blocked the gateway for a while after too many failed attempts.",
        "Wait a minute; ask the facility's staff to correct the console's password if it comes again.",
    )


def _is_blocked(reason: str) -> bool:
    """Distinguish a blocked address ("Too many security failures") from a full server ("Too many viewers")."""
    said = reason.lower()
    return "too many" in said and ("fail" in said or "attempt" in said)


def _readable(reason: bytes) -> str:
    text = "".join(sign for sign in reason.decode("latin-1") if sign.isprintable())
    return text.strip().rstrip(".")[:MAX_SENTENCE]
