"""How a record is written: what strangers put into it neither makes a second one nor paints a terminal."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
from pathlib import Path

import pytest
import uvicorn.server

from cloudlet.processes import logs
from cloudlet.processes.logs import LogFormatter


def written(formatter: logging.Formatter, message: str, error: Exception | None = None) -> list[str]:
    logger = logging.Logger("cloudlet.x")  # noqa: LOG001 - nobody else is to hear of it
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    logger.error("%s", message, exc_info=error)
    return stream.getvalue().splitlines()


def raised(message: str) -> Exception:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def test_line_feeds_and_escape_sequences_of_strangers_are_shown_by_number() -> None:
    (line,) = written(LogFormatter(), "a\n2026-12-01 00:00:00 INFO forged\x1b[31m\u202e")
    assert line.endswith(r"ERROR cloudlet.x: a\u000a2026-12-01 00:00:00 INFO forged\u001b[31m\u202e")


def test_no_line_of_a_traceback_can_be_taken_for_a_record() -> None:
    first, *others = written(LogFormatter(), "failed", raised("one\ntwo\x1b[0m"))
    assert first.endswith("ERROR cloudlet.x: failed")
    assert len(others) > 3
    assert all(line.startswith("    ") for line in others)
    assert not any("\x1b" in line for line in others)


def test_the_journal_learns_how_grave_every_line_is_and_keeps_the_time_itself() -> None:
    lines = written(LogFormatter(is_for_journal=True), "failed", raised("one"))
    assert lines[0] == "<3>cloudlet.x: failed"
    assert len(lines) > 3
    assert all(line.startswith("<3>") for line in lines)


def test_the_journal_is_what_systemd_announced_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "journal").open("w") as journal, (tmp_path / "file").open("w") as file:
        status = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        assert logs._is_journal(journal)
        assert not logs._is_journal(file)
    monkeypatch.delenv("JOURNAL_STREAM")
    assert not logs._is_journal(sys.__stderr__ or sys.stderr)


def record_of(message: str, fault: BaseException | None) -> logging.LogRecord:
    record = logging.LogRecord("uvicorn.error", logging.ERROR, __file__, 1, message, (), None)
    record.exc_info = None if fault is None else (type(fault), fault, None)
    return record


def test_text_that_is_no_utf_8_costs_a_line_without_a_traceback() -> None:
    record = record_of("Invalid UTF-8", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"))
    assert logs._is_of_ours(record)
    assert record.exc_info is None


def test_open_pages_are_no_fault_when_a_process_ends() -> None:
    assert not logs._is_of_ours(record_of("Exception in ASGI application", asyncio.CancelledError()))
    said_by_uvicorn = Path(uvicorn.server.__file__).read_text()
    assert logs.STREAMS_CANCELLED in said_by_uvicorn
    assert not logs._is_of_ours(record_of(logs.STREAMS_CANCELLED, None))


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    record = record_of("Exception in ASGI application", raised("ours"))
    assert logs._is_of_ours(record)
    assert record.exc_info is not None
