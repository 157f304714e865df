"""The testbed's process: the simulated microscope with its two faces, and the identity provider beside it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from pydantic import SecretStr

from cloudlet.processes.logs import log_to_stderr
from cloudlet.processes.parent import end_with_parent
from cloudlet.processes.serve import listening_socket, server
from cloudlet.testbed.console import serve_console
from cloudlet.testbed.identity_provider import Person, ProviderClient, ProviderSettings, create_provider
from cloudlet.testbed.microscope import Microscope
from cloudlet.testbed.people import RESIDENTS
from cloudlet.testbed.settings import ProviderFile, TestbedSettings

__all__ = ["main", "run"]


def _provider_settings(file: ProviderFile) -> ProviderSettings:
    client = ProviderClient(
        client_id=file.client_id,
        client_secret=SecretStr(file.client_secret_file.read_text("utf-8")),
        redirect_uris=(file.redirect_uri,),
    )
    return ProviderSettings(
        instance=file.instance,
        issuer=file.issuer,
        base_url=file.base_url,
        portal_url=file.portal_url,
        secret=SecretStr(file.link_secret_file.read_text("utf-8")),
        clients=(client,),
        people=tuple(
            Person(resident.subject, resident.account.display_name, resident.description) for resident in RESIDENTS
        ),
    )


async def run(settings: TestbedSettings, provider_fd: int, console_fd: int) -> None:
    """Serve console and identity provider until SIGTERM or SIGINT; the movie being written is finished."""
    provider = server(create_provider(_provider_settings(settings.provider)))
    microscope = Microscope(settings.microscope)
    microscope.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            console = tasks.create_task(
                serve_console(
                    microscope,
                    listening_socket(console_fd, "", 0),
                    settings.microscope.console_password(),
                )
            )
            await provider.serve(sockets=[listening_socket(provider_fd, "", 0)])
            console.cancel()
    finally:
        await asyncio.to_thread(microscope.close)


def main(arguments: list[str]) -> None:
    """Run with SETTINGS.json, the provider's and the console's socket numbers."""
    end_with_parent()
    log_to_stderr()
    path, provider_fd, console_fd = arguments
    settings = TestbedSettings.model_validate_json(Path(path).read_text("utf-8"))
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        asyncio.run(run(settings, int(provider_fd), int(console_fd)))


if __name__ == "__main__":
    main(sys.argv[1:])
