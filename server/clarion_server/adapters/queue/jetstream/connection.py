"""Connects to NATS. nats-py reconnects; then this class checks again that all streams of Clarion are on the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from nats.aio.client import Client
from nats.errors import Error
from nats.js import JetStreamContext

from clarion_server.adapters.queue.jetstream.cancellation import cancel
from clarion_server.adapters.queue.jetstream.client import close, connect, explain
from clarion_server.adapters.queue.jetstream.layout import OLDEST_SERVER, Layout
from clarion_server.application.ports.queue import QueueUnavailable

log = structlog.get_logger()

#: Says how long, in seconds, it waits between two attempts to come back.
_PAUSE = 0.5
#: A connection that was up for less than `_STABLE` seconds waits before it comes back, each time twice as long.
_STABLE, _LONGEST_PAUSE = 5.0, 30.0


class Connection:
    """Is the connection of a process to NATS. It belongs to one event loop."""

    def __init__(self, layout: Layout, on_change: Callable[[], None]) -> None:
        """Calls `on_change` after every change of `is_up`."""
        self.layout = layout
        self.is_up = False
        """Says whether the server can be reached and has all streams. Else messages are claimed from the store."""
        self._on_change = on_change
        self._client: Client | None = None
        self._js: JetStreamContext | None = None
        self._violations: list[str] = []
        self._lost = asyncio.Event()
        self._restoring: asyncio.Task[None] | None = None
        self._up_since = self._pause = 0.0

    @property
    def client(self) -> Client:
        assert self._client is not None, "a connection is opened first"
        return self._client

    @property
    def js(self) -> JetStreamContext:
        assert self._js is not None, "a connection is opened first"
        return self._js

    async def open(self) -> None:
        """Raises QueueUnavailable."""
        await self._bring_up()
        self._restoring = asyncio.create_task(self._restore_forever())

    async def close(self) -> None:
        self.is_up = False
        await cancel(self._restoring)
        if self._client is not None:
            await close(self._client)

    def suspect(self, reason: object) -> None:
        """Takes the connection down until everything on the server has been checked again."""
        if not self.is_up:
            return
        self.is_up = False
        was_stable = asyncio.get_running_loop().time() - self._up_since > _STABLE
        self._pause = 0.0 if was_stable else min(max(_PAUSE, 2 * self._pause), _LONGEST_PAUSE)
        log.warning("queue_lost", hosts=self.layout.address.hosts, reason=str(reason), again_in_seconds=self._pause)
        self._on_change()
        self._lost.set()

    async def _restore_forever(self) -> None:
        while True:
            await self._lost.wait()
            self._lost.clear()
            await asyncio.sleep(self._pause)
            await self._restore()

    async def _restore(self) -> None:
        logged = ""
        while not self.is_up:
            try:
                await self._bring_up()
            except Exception as error:  # noqa: BLE001 - it tries again, whatever the reason
                # The same reason is logged once.
                if str(error) != logged:
                    logged = str(error)
                    log.warning("queue_not_back_yet", reason=logged)
                await asyncio.sleep(_PAUSE)
        log.info("queue_back", hosts=self.layout.address.hosts)

    async def _bring_up(self) -> None:
        """Raises QueueUnavailable."""
        client = await self._open_client()
        self._violations.clear()
        try:
            self._check_connected(client)
            self._check_version(client)
            # The server reports the violations of these publications before it answers the requests that follow.
            for subject in self.layout.trial_subjects():
                await client.publish(subject)
            await self.layout.create_streams(self.js)
            self._check_connected(client)
        except (Error, OSError) as error:
            self._check_permissions()
            raise explain(error, self.layout.address) from error
        self._check_permissions()
        self._up_since = asyncio.get_running_loop().time()
        self.is_up = True
        self._on_change()

    async def _open_client(self) -> Client:
        """Makes a new client if nats-py has closed the old one, as it does when the server refuses the user."""
        if self._client is None or self._client.is_closed:
            self._client = await connect(self.layout.address, self._on_error, self._on_loss)
            self._js = self._client.jetstream()
        return self._client

    def _check_connected(self, client: Client) -> None:
        if not client.is_connected:
            raise ConnectionError

    def _check_version(self, client: Client) -> None:
        version = client.connected_server_version
        if (version.major, version.minor) < OLDEST_SERVER:
            raise QueueUnavailable(
                f"this is nats-server {version.major}.{version.minor}.{version.patch};"
                f" Clarion needs {'.'.join(map(str, OLDEST_SERVER))} or newer."
            )

    def _check_permissions(self) -> None:
        for violation in self._violations:
            raise QueueUnavailable(
                f"its user lacks a permission ({violation}): let it publish to $JS.API.>, $JS.ACK.> and"
                f" {self.layout.address.prefix}.>, and subscribe to _INBOX.>."
            )

    async def _on_error(self, error: Exception) -> None:
        text = str(error).removeprefix("nats: ").rstrip(".'")
        if "permissions violation" in text.lower():
            self._violations.append(text)

    async def _on_loss(self) -> None:
        self.suspect("the connection ended")
