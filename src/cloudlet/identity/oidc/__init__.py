"""OpenID Connect as a relying party: authorization code flow with state, nonce and PKCE, nothing optional left out.

Theory of operation: each provider is pinned to one issuer, one asymmetric algorithm and one redirect address
of its own. `party` knows the order of the steps. `pkce_secrets` derives nonce and PKCE verifier from a secret that
only the browser holds, `discovery` reads metadata and keys, which `cached_fetch` keeps, `exchange` trades the code for
tokens and asks for userinfo, `signature` and `claims` check the identity token; `fetch` bounds whatever a provider
answers.

Where a provider needs something of its own: what its administrator has to say in `identity.settings`; how its token
endpoint wants to be asked in `exchange`; how it names a person for good in `claims`, and by what name to greet them in
`party`; odd metadata or keys in `discovery`.

Standards: OpenID Connect Core 1.0, RFC 6749, RFC 7636 (PKCE), RFC 9207 (issuer in the callback).
"""

from cloudlet.identity.oidc.exchange import Tokens
from cloudlet.identity.oidc.party import Person, RelyingParty
from cloudlet.identity.oidc.pkce_secrets import PkceSecrets, new_secret

__all__ = ["Person", "PkceSecrets", "RelyingParty", "Tokens", "new_secret"]
