"""The gateway as a VNC server: what it says to the browser until the screen begins.

Steps (RFC 6143 section 7.1, security type None alone, because the ticket has already said who this is)::

    VERSION       12 bytes   3.7, 3.8: offer [None] -> SECURITY;  3.3: dictate None -> CLIENT_INIT
    SECURITY       1 byte    must be None; 3.8 answers "ok" -> CLIENT_INIT
    CLIENT_INIT    1 byte    the shared flag, ignored: upstream is always shared -> done
"""

from __future__ import annotations

from cloudlet.access.rfb.errors import ProtocolError
from cloudlet.access.rfb.handshake import Handshake
from cloudlet.access.rfb.versions import VERSION_BYTES, Version, read_version

__all__ = ["ServerHandshake"]

SECURITY_NONE = 1
SECURITY_OK = (0).to_bytes(4, "big")


class ServerHandshake(Handshake):
    """The handshake towards one browser.

    After it `rest` holds the first messages of the browser, and the server's description of the screen is to be
    sent.
    """

    def greeting(self) -> bytes:
        """Return what is said before anything was heard."""
        return Version.V3_8.value

    def _start(self) -> None:
        self._version = Version.V3_8
        self._expect(VERSION_BYTES, self._read_version)

    def _read_version(self, line: bytes) -> None:
        self._version = read_version(line)
        if self._version is Version.V3_3:
            self._say(SECURITY_NONE.to_bytes(4, "big"))
            self._expect(1, self._read_client_init)
        else:
            self._say(bytes([1, SECURITY_NONE]))
            self._expect(1, self._read_security)

    def _read_security(self, choice: bytes) -> None:
        if choice[0] != SECURITY_NONE:
            raise ProtocolError("The viewer chose a kind of security that was not offered.")
        if self._version is Version.V3_8:
            self._say(SECURITY_OK)
        self._expect(1, self._read_client_init)

    def _read_client_init(self, _shared: bytes) -> None:
        self._finish()
