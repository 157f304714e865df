import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudlet.testbed.demo.folder import (
    Addresses,
    DemoFolder,
    FolderInUse,
    FolderNotPrivate,
    FolderNotUsable,
    FolderOfSomethingElse,
)


def test_a_second_demo_is_kept_out_of_the_same_folder(tmp_path: Path) -> None:
    with DemoFolder.opened(tmp_path), pytest.raises(FolderInUse), DemoFolder.opened(tmp_path):
        pass


def test_a_temporary_folder_is_gone_afterwards() -> None:
    with DemoFolder.opened(None) as folder:
        folder.secret("link")
        root = folder.root
    assert not root.exists()


def test_what_was_remembered_first_stays(tmp_path: Path) -> None:
    with DemoFolder.opened(tmp_path) as folder:
        assert folder.remember("issuer", "first") == "first"
    with DemoFolder.opened(tmp_path) as folder:
        assert folder.remember("issuer", "second") == "first"


def test_secrets_are_for_their_owner_only_and_last(tmp_path: Path) -> None:
    with DemoFolder.opened(tmp_path) as folder:
        path = folder.secret("client")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        first = path.read_text()
        assert len(first) == 32
        assert folder.secret("client").read_text() == first
        assert folder.secret("client", is_fresh=True).read_text() != first


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def usual_umask() -> Iterator[None]:
    former = os.umask(0o022)
    yield
    assert os.umask(former) == 0o022


@pytest.mark.usefixtures("usual_umask")
def test_nobody_else_can_read_what_a_demo_or_its_programs_make(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    with DemoFolder.opened(root) as folder:
        folder.database.write_text("everything")
        code = "import sys; open(sys.argv[1], 'w')"
        subprocess.run([sys.executable, "-c", code, str(folder.logs / "portal.log")], check=True)
    assert {mode_of(path) for path in (root, *root.iterdir()) if path.is_dir()} == {0o700}
    assert mode_of(folder.database) == mode_of(folder.logs / "portal.log") == 0o600


@pytest.mark.parametrize("name", [".", "secrets"])
@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    (tmp_path / "demo.json").write_text("{}")
    shared = tmp_path / name
    shared.mkdir(exist_ok=True)
    shared.chmod(mode)
    with pytest.raises(FolderNotPrivate, match="others may write"), DemoFolder.opened(tmp_path):
        pass
    assert mode_of(shared) == mode


@pytest.mark.parametrize("name", ["movie.tif", "cloudlet.toml"])
def test_a_folder_that_holds_no_demo_is_refused_and_left_as_it_was(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    tmp_path.chmod(0o755)
    with pytest.raises(FolderOfSomethingElse, match="no demo"), DemoFolder.opened(tmp_path):
        pass
    assert mode_of(tmp_path) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("below", ["", "demo"])
def test_a_folder_that_is_a_file_or_below_one_is_reported_in_words(tmp_path: Path, below: str) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(FolderNotUsable, match="file"), DemoFolder.opened(path / below):
        pass


@pytest.mark.parametrize("name", ["/proc/x", "a" * 300])
def test_a_folder_that_cannot_be_made_is_reported_in_words(name: str) -> None:
    with pytest.raises(FolderNotUsable, match="cannot be made"), DemoFolder.opened(Path(name)):
        pass


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(FolderNotPrivate, match="is not yours"), DemoFolder.opened(tmp_path):
        pass


def test_secrets_behind_a_link_are_refused(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "demo", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "demo.json").write_text("{}")
    (root / "secrets").symlink_to(elsewhere)
    with pytest.raises(FolderNotPrivate), DemoFolder.opened(root):
        pass


@pytest.mark.parametrize("name", ["lock", "raw", "cloudlet.db", "demo.json"])
def test_a_link_from_before_the_folder_was_private_is_refused(tmp_path: Path, name: str) -> None:
    root, elsewhere = tmp_path / "demo", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.write_text("{}")
    (root / "demo.json").write_text("{}")
    (root / name).unlink(missing_ok=True)
    (root / name).symlink_to(elsewhere)
    with pytest.raises(FolderNotPrivate, match=f"{name} is a link.* Remove it"), DemoFolder.opened(root):
        pass
    assert elsewhere.read_text() == "{}"


def test_a_secret_is_written_to_a_file_of_its_own_and_not_through_one_that_was_there(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.write_text("mine")
    with DemoFolder.opened(tmp_path / "demo") as folder, planted.open() as still_open:
        secrets = folder.secret("other").parent
        os.link(planted, secrets / "link.new")
        os.link(planted, secrets / "client.new")
        (secrets / "password.new").symlink_to(planted)
        for name in ("link", "client", "password"):
            assert folder.secret(name, is_fresh=True).read_text() != "mine"
        assert still_open.read() == "mine"


def test_a_secret_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    with DemoFolder.opened(tmp_path) as folder:
        path = folder.secret("client")
        path.write_text("known")
        path.chmod(0o644)
        assert folder.secret("client").read_text() != "known"


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = taken.getsockname()[1]
        sockets = Addresses(portal=wanted, gateway=0, provider=0, console=0).listen()
        assert sockets["portal"].getsockname()[1] != wanted
        for listener in sockets.values():
            listener.close()


def test_the_ports_of_the_last_start_are_preferred(tmp_path: Path) -> None:
    addresses = Addresses(1, 2, 3, 4)
    with DemoFolder.opened(tmp_path) as folder:
        assert folder.addresses() == Addresses()
        folder.remember_addresses(addresses)
        assert folder.addresses() == addresses
