import socket
import stat
from pathlib import Path

import pytest

from cloudlet.testbed.demo.folder import Addresses, DemoFolder, FolderInUse


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
