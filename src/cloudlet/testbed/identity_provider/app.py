"""The embedded provider as an ASGI application (OpenID Connect Core and Discovery 1.0, RFC 6749, 7636, 9207)."""

from __future__ import annotations

from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cloudlet.clock import Clock, utc_now
from cloudlet.testbed.identity_provider.back_channel import BackChannel
from cloudlet.testbed.identity_provider.browser_endpoints import BrowserEndpoints
from cloudlet.testbed.identity_provider.faults import Fault, Quirk
from cloudlet.testbed.identity_provider.grants import CODE_LIFE, ExpiringStore, Grant
from cloudlet.testbed.identity_provider.headers import PageHeaders
from cloudlet.testbed.identity_provider.pages import HEADERS
from cloudlet.testbed.identity_provider.settings import LOOPBACK_HOSTS, ProviderSettings
from cloudlet.testbed.identity_provider.tokens import Signer, new_key

__all__ = ["create_provider"]


def create_provider(
    settings: ProviderSettings,
    *,
    oddity: Fault | Quirk | None = None,
    key: RSAKey | None = None,
    clock: Clock = utc_now,
) -> Starlette:
    """Return the provider's application.

    Parameters
    ----------
    settings
        Whom it knows; an address that is not on loopback is refused when they are made.
    oddity
        For tests: one way to lie, or to be as odd as some real provider is.
    key
        The signing key; by default a new one, so that no token outlives the process.
    clock
        Source of the present time.
    """
    codes: ExpiringStore[Grant] = ExpiringStore(CODE_LIFE, clock)
    signer = Signer(new_key() if key is None else key, oddity)
    doors = BrowserEndpoints(settings, codes, clock, oddity)
    channel = BackChannel(settings, codes, signer, clock, oddity)
    guards = [
        Middleware(PageHeaders, headers=HEADERS),
        # A page of another site whose name was made to point at this host has no business here.
        Middleware(TrustedHostMiddleware, allowed_hosts=sorted(LOOPBACK_HOSTS), www_redirect=False),
    ]
    return Starlette(routes=[*doors.routes(), *channel.routes()], middleware=guards)
