"""The RFB protocol without I/O: bytes in, bytes and facts out.

Nothing here opens a socket or looks at a clock. `ServerHandshake` speaks to the browser, `ClientHandshake` to the
instrument, `InputFilter` stands between the two for as long as the console is open. Section numbers in this
package are those of RFC 6143 and of the community's rfbproto document.
"""

from cloudlet.access.rfb.client_handshake import ClientHandshake, ServerInit
from cloudlet.access.rfb.errors import (
    ConsoleRefused,
    PasswordRefused,
    ProtocolError,
    SecurityUnsupported,
    TooManyFailures,
)
from cloudlet.access.rfb.filter import InputFilter, Right
from cloudlet.access.rfb.keyboard import all_keys_up
from cloudlet.access.rfb.message_budget import MessageBudget, gateway_budget
from cloudlet.access.rfb.messages import Pointer
from cloudlet.access.rfb.server_handshake import ServerHandshake

__all__ = [
    "ClientHandshake",
    "ConsoleRefused",
    "InputFilter",
    "MessageBudget",
    "PasswordRefused",
    "Pointer",
    "ProtocolError",
    "Right",
    "SecurityUnsupported",
    "ServerHandshake",
    "ServerInit",
    "TooManyFailures",
    "all_keys_up",
    "gateway_budget",
]
