"""Connects to an SMTP server, on the first of its addresses that is ready."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any, cast

import aiosmtplib

from clarion_server.adapters.channels.email.smtp.setup_failures import SETUP_ERRORS

_AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


async def connect(
    host: str, port: int, tls_context: ssl.SSLContext | None, seconds: float
) -> tuple[aiosmtplib.SMTP, aiosmtplib.SMTPResponse]:
    """Returns a connected client and the greeting. With `tls_context` the connection is encrypted from the start.

    The next address is tried when one does not answer, breaks off or refuses (RFC 5321 section 5.1). The addresses
    share the `seconds`. Raises one of SETUP_ERRORS, which is that of the last address.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    # The system's resolver, on every event loop.
    addresses = await asyncio.to_thread(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    for left in range(len(addresses), 1, -1):
        try:
            async with asyncio.timeout((deadline - loop.time()) / left):
                return await _connect_to(addresses[-left], host, tls_context)
        except SETUP_ERRORS:
            continue
    return await _connect_to(addresses[-1], host, tls_context)


async def _connect_to(
    info: _AddressInfo, host: str, tls_context: ssl.SSLContext | None
) -> tuple[aiosmtplib.SMTP, aiosmtplib.SMTPResponse]:
    family, kind, protocol, _, address = info
    sock = socket.socket(family, kind, protocol)
    smtp = aiosmtplib.SMTP(
        hostname=host.removesuffix("."),  # certificates have names without the final dot
        timeout=None,  # aiosmtplib's own timeouts (`wait_for`) lose cancellations until Python 3.12
        use_tls=tls_context is not None,
        tls_context=tls_context,
        start_tls=False,  # a separate step
        local_hostname="localhost",  # replaced in EHLO; without it aiosmtplib would look it up
        sock=sock,
    )
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
        return smtp, await smtp.connect()
    except BaseException:
        _close(smtp, sock)
        raise


def _close(smtp: aiosmtplib.SMTP, sock: socket.socket) -> None:
    if smtp.transport is not None:
        cast("asyncio.Transport", smtp.transport).abort()
    smtp.close()
    sock.close()
