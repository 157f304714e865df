"""OpenID Connect as a relying party: authorization code flow with state, nonce and PKCE, nothing optional left out.

Theory of operation: each provider is pinned to one issuer, one asymmetric algorithm and one redirect address
of its own. `pkce` derives nonce and PKCE verifier from a secret that only the browser holds, `discovery` keeps
metadata and keys, `exchange` trades the code for tokens, `signature` and `claims` check the identity token.
Standards: OpenID Connect Core 1.0, RFC 6749, RFC 7636 (PKCE), RFC 9207 (issuer in the callback).
"""

from cloudlet.identity.oidc.exchange import Tokens
from cloudlet.identity.oidc.party import Person, RelyingParty
from cloudlet.identity.oidc.pkce_secrets import PkceSecrets, new_secret

__all__ = ["Person", "PkceSecrets", "RelyingParty", "Tokens", "new_secret"]
