"""Makes the TLS settings of connections to providers."""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from typing import IO

from clarion_server.domain.instant import SECOND, Instant


def certificate_end(transport: asyncio.BaseTransport | None) -> Instant | None:
    """Returns when the certificate expires that the server has shown. Returns None without TLS."""
    shown = transport.get_extra_info("peercert") if transport is not None else None
    return int(ssl.cert_time_to_seconds(shown["notAfter"])) * SECOND if shown else None


class TlsTrust:
    """Checks a server's certificate and host name against given authorities, or against the machine's."""

    def __init__(self, ca_certificates: str, client_certificate: str = "", client_key: str = "") -> None:
        """Takes PEM texts. Without `ca_certificates` the machine's apply; without a client certificate none is sent."""
        self._ca_certificates = ca_certificates
        self._client_certificate = client_certificate
        self._client_key = client_key
        self._context: ssl.SSLContext | None = None
        self._lock = asyncio.Lock()

    async def context(self) -> ssl.SSLContext:
        """Returns the context, which the first call creates. Raises ssl.SSLError for malformed PEM."""
        async with self._lock:
            if self._context is None:
                # Loading the machine's authorities takes many milliseconds.
                self._context = await asyncio.to_thread(self._load)
            return self._context

    def _load(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cadata=self._ca_certificates or None)
        except ValueError as error:
            raise ssl.SSLError(str(error)) from error
        if self._client_certificate:
            _load_client_certificate(context, f"{self._client_certificate}\n{self._client_key}\n")
        return context


def _load_client_certificate(context: ssl.SSLContext, pem: str) -> None:
    with _private_file() as file:
        file.write(pem.encode())
        file.flush()
        # Python reads certificates only from named files. The empty password keeps OpenSSL from prompting for one.
        path = f"/proc/self/fd/{file.fileno()}" if _HAS_MEMORY_FILES else file.name
        context.load_cert_chain(path, password="")


_HAS_MEMORY_FILES = hasattr(os, "memfd_create")


def _private_file() -> IO[bytes]:
    """Opens a file that other users cannot read: in memory on Linux, else a temporary one that closing deletes."""
    if _HAS_MEMORY_FILES:
        return os.fdopen(os.memfd_create("client-certificate"), "wb")
    return tempfile.NamedTemporaryFile()
