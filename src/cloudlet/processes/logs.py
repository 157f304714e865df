"""What a process has to say goes to standard error, where the service manager's journal or the supervisor keeps it.

Addresses hold codes and names in their queries, and whoever can open a connection can make a server complain. So
uvicorn is heard only where something of ours is wrong, tracebacks are for faults of ours, and what strangers wrote
cannot make two lines of one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from importlib.metadata import version
from typing import TextIO

from cloudlet.escaping import escape_controls

__all__ = ["LogFormatter", "log_to_stderr"]

logger = logging.getLogger(__name__)

PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
"""Those of syslog, as sd-daemon(3) has them in front of a line for the journal."""


STREAMS_CANCELLED = "Cancel %s running task(s), timeout graceful shutdown exceeded"
"""What uvicorn 0.54 says of open pages at the end of a process."""


class LogFormatter(logging.Formatter):
    """One line for a record, and indented ones for the traceback of a fault.

    Parameters
    ----------
    is_for_journal
        Whether the lines go to the journal, which keeps the time itself and wants to know how grave each is.
    """

    def __init__(self, *, is_for_journal: bool = False) -> None:
        super().__init__(
            "%(name)s: %(message)s" if is_for_journal else "%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        self._is_for_journal = is_for_journal

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - named by the library
        """Return the first line, with the controls that strangers put into it shown."""
        return escape_controls(super().formatMessage(record).rstrip("\n"))

    def formatException(self, ei: object) -> str:  # noqa: N802 - named by the library
        """Return the traceback, indented, so that no line of it can be taken for a record."""
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type]
        return "\n".join(f"    {escape_controls(line)}" for line in lines)

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of `record`."""
        text = super().format(record)
        record.exc_text = None  # kept for other formatters, of which there are none
        if not self._is_for_journal:
            return text
        priority = PRIORITIES.get(record.levelno, 5)
        return "\n".join(f"<{priority}>{line}" for line in text.splitlines())


def log_to_stderr() -> None:
    """Let what the libraries and we have to say go to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter(is_for_journal=_is_journal(sys.stderr)))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log the codes of every sign-in
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it would name itself at every start
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.setLevel(logging.ERROR)  # below, it logs whole addresses, and a line or two for each malformed request
    uvicorn.addFilter(_is_of_ours)
    logger.info("cloudlet %s begins as process %d", version("cloudlet"), os.getpid())


def _is_journal(stream: TextIO) -> bool:
    """Return whether `stream` leads to the journal; systemd says in JOURNAL_STREAM which device and inode does."""
    announced = os.environ.get("JOURNAL_STREAM")
    if not announced:
        return False
    status = os.fstat(stream.fileno())
    return announced == f"{status.st_dev}:{status.st_ino}"


def _is_of_ours(record: logging.LogRecord) -> bool:
    """Return whether a record of uvicorn's is worth its line, and keep no traceback of what a browser caused.

    Streams of events end by being cancelled when the process ends; uvicorn calls each of them a fault. Text in another
    encoding than UTF-8 is the browser's fault, and a traceback says nothing of it.
    """
    error = None if record.exc_info is None else record.exc_info[1]
    if isinstance(error, UnicodeDecodeError):
        record.exc_info = None
    return not isinstance(error, asyncio.CancelledError) and record.msg != STREAMS_CANCELLED
