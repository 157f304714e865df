import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cloudlet.processes.supervisor import Program, Supervisor, _Process

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
PARENT_OF_ONE = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "time.sleep(600)"
)
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def program(name: str, code: str, *sockets: socket.socket) -> Program:
    return Program(name, [sys.executable, "-c", code], sockets)


def soon(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _signals() -> object:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_killed_program_is_started_again_and_reported_of(tmp_path: Path) -> None:
    reported: list[str] = []
    with Supervisor([program("sleeper", SLEEPER)], tmp_path, reported.append) as supervisor:
        first = supervisor.process_ids["sleeper"]
        os.kill(first, signal.SIGKILL)
        supervisor.keep(until=lambda: supervisor.process_ids.get("sleeper", first) != first)
    assert reported == ["sleeper ended (killed by SIGKILL) and is started again."]


def test_the_pause_before_a_restart_doubles_while_a_program_keeps_dying_soon(tmp_path: Path) -> None:
    kept = _Process(program("any", SLEEPER), tmp_path)
    assert [kept.next_pause(0.1) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert [kept.next_pause(lived) for lived in (31.0, 0.1)] == [0.2, 0.4]


@pytest.mark.parametrize("code", [PARENT_OF_ONE, STUBBORN])
def test_nothing_is_left_at_the_end(tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudlet.processes.supervisor.PATIENCE_SECONDS", 0.5)
    with Supervisor([program("any", code)], tmp_path, print) as supervisor:
        process = psutil.Process(supervisor.process_ids["any"])
        if code is PARENT_OF_ONE:
            soon(process.children)
        family = [process, *process.children(recursive=True)]
    soon(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family))


def test_a_restarted_program_keeps_its_socket(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    code = (
        f"import socket, os; s = socket.socket(fileno={listener.fileno()})\n"
        "while True:\n c, _ = s.accept(); c.sendall(str(os.getpid()).encode()); c.close()"
    )

    def ask() -> int:
        with socket.create_connection(listener.getsockname(), timeout=20) as connection:
            return int(connection.recv(100))

    with Supervisor([program("server", code, listener)], tmp_path, lambda _: None) as supervisor:
        first = ask()
        os.kill(first, signal.SIGKILL)
        supervisor.keep(until=lambda: supervisor.process_ids.get("server", first) != first)
        assert ask() != first
    listener.close()


def test_output_goes_to_a_log_of_its_own(tmp_path: Path) -> None:
    with Supervisor([program("sleeper", SLEEPER)], tmp_path, print):
        soon(lambda: (tmp_path / "sleeper.log").read_text() == "up\n")


def test_programs_end_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    child = (
        "from cloudlet.processes.parent import end_with_parent; end_with_parent(); import time;"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid())); time.sleep(600)"
    )
    code = (
        "import sys; from pathlib import Path; from cloudlet.processes.supervisor import Program, Supervisor\n"
        f"child = Program('child', [sys.executable, '-c', {child!r}])\n"
        f"with Supervisor([child], Path({str(tmp_path)!r}), print) as supervisor: supervisor.keep()"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code])
    marker = tmp_path / "pid"
    soon(lambda: marker.exists() and marker.read_text())
    supervisor.kill()
    supervisor.wait()
    soon(lambda: not psutil.pid_exists(int(marker.read_text())))


def test_a_long_log_begins_anew_and_what_was_written_before_is_kept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudlet.processes.supervisor.LOG_BYTES", 1000)
    code = "import sys, time\nfor n in range(10**6): print(n, 'x' * 200, file=sys.stderr, flush=True); time.sleep(0.02)"
    with Supervisor([program("chatty", code)], tmp_path, print) as supervisor:
        former = tmp_path / "chatty.log.old"
        supervisor.keep(until=lambda: former.exists() and former.read_text().partition(" ")[0] != "0")
        supervisor.keep(until=lambda: (tmp_path / "chatty.log").stat().st_size > 0)
    assert former.stat().st_size < 5000
    assert (tmp_path / "chatty.log").read_bytes().count(b"\0") == 0
