"""What a process has to say goes to standard error, where the supervisor or the host keeps it."""

from __future__ import annotations

import logging

__all__ = ["log_to_stderr"]


def log_to_stderr() -> None:
    """Let what the libraries and we have to say go to standard error, one line each, with its time."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log the codes of every sign-in
