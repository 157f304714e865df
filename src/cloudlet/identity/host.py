"""Who acts when a command is run on this host."""

from __future__ import annotations

import os
import pwd

from cloudlet.identity.models import Actor

__all__ = ["host_actor"]


def host_actor() -> Actor:
    """Return whoever runs this process: the login of its real user, or the number of one without a name."""
    user = os.getuid()
    try:
        return Actor.host(pwd.getpwuid(user).pw_name)
    except KeyError:
        return Actor.host(str(user))
