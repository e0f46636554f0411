"""Opens nats-py's client, and says in one sentence what is wrong when that fails."""

from __future__ import annotations

import asyncio
import ssl
from collections import UserString
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import nats.errors
from nats.aio.client import Client, RawCredentials
from nats.js.errors import APIError, ServiceUnavailableError
from nkeys import NkeysError

from clarion_server.adapters.queue.jetstream.address import QueueAddress
from clarion_server.application.ports.queue import QueueUnavailable

#: A server may take this long, in seconds, to accept a connection.
_CONNECT_SECONDS = 5
#: nats-py waits this long, in seconds, before it tries the same server again.
_RECONNECT_SECONDS = 1
#: After two such intervals without an answer, in seconds, nats-py takes a connection for lost.
_PING_SECONDS = 10
#: Tells nats-py never to stop trying.
_WITHOUT_END = -1
#: Closing may take this long, in seconds. A connection whose TLS handshake was never made would not end by itself.
_CLOSE_SECONDS = 1.0
#: The server answers so when JetStream is off, for itself or for the account. `None` stands for no answer at all.
_NOT_ENABLED = frozenset({None, 10039, 10076})


class NotEncrypted(nats.errors.Error):
    """The URL asks for TLS, and the server offers none."""


class CarefulClient(Client):
    """Refuses a server without TLS when the URL begins with tls://: nats-py would send the password unencrypted.

    It also reads files of credentials with any line ends, of which nats-py takes one kind. nats-py has no public hooks
    for that, so this overrides private methods.
    """

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        assert self._current_server is not None, "a server that sends its INFO is connected"
        assert self._transport is not None, "a server that sends its INFO is connected"
        if self._current_server.uri.scheme == "tls" and not info.get("tls_required"):
            # nats-py would leave this to the garbage collector.
            self._transport.close()  # type: ignore[no-untyped-call] # nats-py leaves it untyped
            raise NotEncrypted
        await super()._process_info(info, initial_connection)

    def _read_creds_user_jwt(self, creds: str | RawCredentials | Path) -> Any:
        return super()._read_creds_user_jwt(_text_of(creds))

    def _read_creds_user_nkey(self, creds: str | UserString | Path) -> bytearray:
        return super()._read_creds_user_nkey(_text_of(creds))


def _text_of(credentials: str | UserString | Path) -> RawCredentials:
    """Returns the text with plain line ends. The file may be renewed, and is read for each connection."""
    return RawCredentials(Path(str(credentials)).read_text(encoding="utf-8-sig"))


async def connect(
    address: QueueAddress, on_error: Callable[[Exception], Awaitable[None]], on_loss: Callable[[], Awaitable[None]]
) -> Client:
    """Tries each server once. The client then reconnects by itself, until the server refuses it for good.

    Raises QueueUnavailable.
    """
    client, untried = CarefulClient(), len(address.servers)

    async def report(error: Exception) -> None:
        nonlocal untried
        untried -= 1
        # nats-py cannot limit the first attempts without limiting all later ones as well.
        if untried == 0:
            raise explain(error, address)
        await on_error(error)

    try:
        await _open(client, address, report, on_loss)
    except QueueUnavailable:
        await close(client)
        raise
    except (TypeError, NkeysError) as error:
        # nats-py fails so when the file has no JWT or no seed.
        await close(client)
        what = "a file of NATS credentials, with a JWT and the seed of its key"
        raise QueueUnavailable(f"{address.credentials} is not {what}.") from error
    untried = -1
    return client


async def _open(
    client: Client,
    address: QueueAddress,
    on_error: Callable[[Exception], Awaitable[None]],
    on_loss: Callable[[], Awaitable[None]],
) -> None:
    await client.connect(
        address.servers,
        name="clarion",
        user=address.user,
        password=address.password,
        token=address.token,
        user_credentials=address.credentials,
        disconnected_cb=on_loss,
        closed_cb=on_loss,
        error_cb=on_error,
        connect_timeout=_CONNECT_SECONDS,
        max_reconnect_attempts=_WITHOUT_END,
        reconnect_time_wait=_RECONNECT_SECONDS,
        ping_interval=_PING_SECONDS,
    )


async def close(client: Client) -> None:
    # A lost connection takes nothing more. asyncio says so by a TypeError (https://github.com/python/cpython/issues/136234).
    with suppress(nats.errors.Error, OSError, TimeoutError, TypeError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await client.close()


def explain(error: Exception, address: QueueAddress) -> QueueUnavailable:
    """Says in one sentence why NATS cannot be used."""
    return error if isinstance(error, QueueUnavailable) else QueueUnavailable(_reason(error, address))


def _reason(error: Exception, address: QueueAddress) -> str:
    at_hosts = f"NATS at {address.hosts}"
    if isinstance(error, ServiceUnavailableError) and error.err_code in _NOT_ENABLED:
        return "JetStream is switched off on this NATS server: start it with --jetstream, or enable it for the account."
    if isinstance(error, APIError):
        return f"NATS says: {error.description}."
    if isinstance(error, NotEncrypted):
        return f"{at_hosts} offers no TLS, and its URL asks for it: turn it on there, or write nats://."
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", "") or error.reason or "TLS failed"
        return (
            f"{at_hosts} is not trusted: {why.rstrip('.')}."
            " Name the file with the certificate of its authority in SSL_CERT_FILE."
        )
    if "authorization" in str(error).lower() or "authentication" in str(error).lower():
        return f"{at_hosts} does not accept this user: check the URL's user and password, or CLARION_QUEUE_CREDENTIALS."
    return f"{at_hosts} cannot be reached: is it running, and is CLARION_QUEUE right?"
