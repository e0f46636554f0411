"""HTTP connections to one endpoint, which reach private addresses only when that is allowed."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from importlib.metadata import version
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from clarion_server.adapters.channels.tls import TlsTrust
from clarion_server.domain.addresses.host import is_public
from clarion_server.domain.content.webhook import WebhookProvider

#: Says how long an idle connection is kept, in seconds. Many servers close theirs after 5 seconds or more.
_KEEP_ALIVE_SECONDS = 15.0
_USER_AGENT = f"Clarion/{version('clarion')}"

#: Is an entry of `getaddrinfo`: family, type, protocol, canonical name, socket address.
AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


class AddressNotPublic(OSError):
    """The host has a private address, which is not allowed."""

    def __init__(self) -> None:
        super().__init__("The host has no public address, and allow_private_addresses is not set")


class _Connection(ResponseHandler):
    """Is not used again when something came while no request was under way: that is no answer to the next one, and
    must not be taken for it (RFC 9112 section 6.3).
    """

    def is_connected(self) -> bool:
        return super().is_connected() and not self.should_close


def _new_connection() -> ResponseHandler:
    return _Connection(asyncio.get_running_loop())


class EndpointConnections:
    """Opens an HTTP session for the first request and reuses its connections."""

    def __init__(self, provider: WebhookProvider) -> None:
        self.url = URL(provider.url, encoded=True)
        self.trust = TlsTrust(provider.ca_certificates, provider.client_certificate, provider.client_key)
        self._allows_private = provider.allow_private_addresses
        self._session: aiohttp.ClientSession | None = None

    @property
    def uses_tls(self) -> bool:
        return self.url.scheme == "https"

    def allows(self, info: AddressInfo) -> bool:
        """Returns whether requests may be sent to the address."""
        return self._allows_private or is_public(str(info[4][0]))

    def open_socket(self, info: AddressInfo) -> socket.socket:
        """Opens a socket for a connection to the address. Raises AddressNotPublic."""
        if not self.allows(info):
            raise AddressNotPublic
        family, kind, protocol, _, _ = info
        return socket.socket(family, kind, protocol)

    async def session(self) -> aiohttp.ClientSession:
        """Returns the session. Raises ssl.SSLError when the configuration has malformed certificates."""
        context = await self.trust.context() if self.uses_tls else True
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(
                ssl=context,
                limit=0,
                keepalive_timeout=_KEEP_ALIVE_SECONDS,
                # Each connection resolves the name again, and `open_socket` checks the address that it connects to.
                use_dns_cache=False,
                resolver=aiohttp.ThreadedResolver(),
                socket_factory=self.open_socket,
            )
            # There is no public setting, here and below.
            connector._factory = partial(_new_connection)  # noqa: SLF001 - see above
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": _USER_AGENT},
                skip_auto_headers=("Accept-Encoding",),
                auto_decompress=False,
            )
            # It would send a PUT again by itself when the connection is lost, after the request may have been received.
            self._session._retry_connection = False  # noqa: SLF001 - see above
        return self._session

    async def close(self) -> None:
        """Closes every connection, including those in use."""
        if self._session is not None:
            await self._session.close()
