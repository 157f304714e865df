"""Identity management: sign-in by OpenID Connect, accounts, links and web sessions.

`SignIn` and the routes are wired by the processes alone, which import `cloudlet.identity.sign_in` and
`cloudlet.identity.routes`; this front door stays free of the protocol's libraries.
"""

from cloudlet.identity.checks import check_providers
from cloudlet.identity.errors import AccountRefused, LinkRefused, ProviderUnreachable, SignInExpired, SignInRefused
from cloudlet.identity.events import SessionEnded
from cloudlet.identity.guard import Guard
from cloudlet.identity.host import host_actor
from cloudlet.identity.models import Account, Actor, Decision, Identity, WebSession
from cloudlet.identity.require import require
from cloudlet.identity.rules import ON_THIS_HOST, is_username
from cloudlet.identity.service import Identities
from cloudlet.identity.settings import IdentityProviderSettings, IdentitySettings

__all__ = [
    "ON_THIS_HOST",
    "Account",
    "AccountRefused",
    "Actor",
    "Decision",
    "Guard",
    "Identities",
    "Identity",
    "IdentityProviderSettings",
    "IdentitySettings",
    "LinkRefused",
    "ProviderUnreachable",
    "SessionEnded",
    "SignInExpired",
    "SignInRefused",
    "WebSession",
    "check_providers",
    "host_actor",
    "is_username",
    "require",
]
