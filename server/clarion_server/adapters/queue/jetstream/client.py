"""NATS's own client, where it falls short of what is promised here."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import nats.errors
from nats.aio.client import Client

#: How long, in seconds, a connection may take to close. One that never came to be encrypted would take for ever.
_CLOSING = 1.0


class NotEncrypted(nats.errors.Error):
    """The URL asks for TLS, and the server offers none."""


class EncryptingClient(Client):
    """Tells a server that offers no TLS nothing where the URL asks for it: the library would go on without."""

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        assert self._current_server is not None, "a server that speaks is connected"
        if self._current_server.uri.scheme == "tls" and not info.get("tls_required"):
            raise NotEncrypted
        await super()._process_info(info, initial_connection)


async def close(client: Client) -> None:
    if not client.is_closed:
        with suppress(nats.errors.Error, OSError, TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await client.close()
