"""Whom an SMTP client trusts."""

from __future__ import annotations

import asyncio
import ssl


class ServerTrust:
    """Checks servers' certificates and host names against the given authorities, or against the machine's."""

    def __init__(self, ca_certificates: str) -> None:
        """`ca_certificates`: PEM; empty: the machine's."""
        self._ca_certificates = ca_certificates
        self._context: ssl.SSLContext | None = None
        self._lock = asyncio.Lock()

    async def context(self) -> ssl.SSLContext:
        """Raises ssl.SSLError or ValueError when the bundle is none."""
        async with self._lock:
            if self._context is None:
                # Reading a machine's authorities takes many milliseconds.
                self._context = await asyncio.to_thread(self._load)
            return self._context

    def _load(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self._ca_certificates or None)
