"""Runs a service that lasts as long as a command, with nothing stored.

It loads the whole service, so commands import it only when they need it.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clarion_client import Client, Scope

from clarion_server.adapters.system.logs import set_up_logs
from clarion_server.bootstrap import CannotStart, Clarion, open_store
from clarion_server.config import Settings
from clarion_server.domain.access_labels import MAX_ACCESS_LABELS, is_label_name
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.resources import Resource


@contextmanager
def throwaway_service(resources: Iterable[Resource[Any]]) -> Iterator[Client]:
    """Serves on a free port of this machine, with nothing stored, until the end of the block. Raises CommandFailed.

    The client's key holds the access labels that the resources give.
    """
    set_up_logs("error", False)
    started: Future[tuple[int, str]] = Future()
    with TemporaryDirectory() as folder:
        link_keys = Path(folder) / "link-keys"
        link_keys.write_text(f"1 {secrets.token_hex(64)}\n", encoding="ascii")
        settings = Settings(
            listen="127.0.0.1:0",
            http_listen="",
            metrics_listen="",
            store="memory:",
            processes=1,
            role="all",
            queue="store",
            # Links of mails are checked as on a service that has them.
            public_url="https://mail.example.com",
            link_keys=link_keys,
            tls_certificate=None,
            tls_key=None,
        )
        stopping = threading.Event()
        thread = threading.Thread(target=_serve, args=(settings, started, stopping), name="throwaway-service")
        thread.start()
        try:
            port, key = started.result()
            with Client(f"127.0.0.1:{port}", api_key=key) as root:
                secret = root.keys.create("throwaway", [Scope.ADMIN], access_labels=_labels_of(resources)).secret
            with Client(f"127.0.0.1:{port}", api_key=secret) as client:
                yield client
        except CannotStart as error:
            raise CommandFailed(str(error)) from error
        finally:
            stopping.set()
            thread.join()


def _labels_of(resources: Iterable[Resource[Any]]) -> list[str]:
    """Returns the access labels that the files give, which the key must hold.

    Those that are no names are left to the service, which refuses them in their places.
    """
    given = {name for resource in resources for name in getattr(resource.value, "access_labels", ())}
    return sorted(filter(is_label_name, given))[:MAX_ACCESS_LABELS]


def _serve(settings: Settings, started: Future[tuple[int, str]], stopping: threading.Event) -> None:
    async def serve() -> None:
        keys: list[str] = []
        clarion = Clarion(settings, open_store(settings.store))
        ports = await clarion.start(keys.append)
        started.set_result((ports.grpc, keys[0]))
        await asyncio.to_thread(stopping.wait)
        await clarion.stop()

    try:
        asyncio.run(serve())
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)
