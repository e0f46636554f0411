"""Provides a real SMTP server for tests: takes every mail, parses it, and counts it by its Message-ID."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, AuthCallbackType, Envelope, Session


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    """Is as it came, with dots undoubled."""

    @property
    def parsed(self) -> EmailMessage:
        """With line feeds alone as line ends, as texts have them in Python."""
        return message_from_bytes(self.content.replace(b"\r\n", b"\n"), policy=policy.default)

    @property
    def message_id(self) -> str:
        """With its angle brackets."""
        return str(self.parsed["Message-ID"])


class SmtpSink:
    """`async with SmtpSink() as sink:` serves on `sink.host`, `sink.port`, on the test's own loop."""

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        implicit_tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        login: AuthCallbackType | None = None,
        seconds: float = 0,
    ) -> None:
        """`seconds`: how long it takes to answer for a mail that it has taken."""
        self._seconds = seconds
        self.mails: list[ReceivedMail] = []
        self.counts: Counter[str] = Counter()
        """Mails by Message-ID."""
        self.connection_count = 0
        self._implicit_tls = implicit_tls
        self._starttls = starttls
        self._login = login
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._connections: list[SMTP] = []

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, port: int = 0) -> None:
        """Listens on that port, or on a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_connection, self.host, port, ssl=self._implicit_tls)

    async def stop(self) -> None:
        """Also cuts the connections that are open."""
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def wait_for(self, count: int, seconds: float = 60) -> list[ReceivedMail]:
        """Returns the mails, as soon as there are `count` of them. Raises TimeoutError after `seconds`."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: len(self.mails) >= count)
        return self.mails

    def _new_connection(self) -> SMTP:
        self.connection_count += 1
        with warnings.catch_warnings():
            # Passwords without STARTTLS are what some tests are about, and aiosmtpd knows no TLS from the first byte.
            warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
            connection = self._serve()
        self._connections.append(connection)
        return connection

    def _serve(self) -> SMTP:
        return SMTP(
            self,
            enable_SMTPUTF8=True,
            hostname="sink.test",
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            auth_callback=self._login,
            auth_required=self._login is not None,
            auth_require_tls=self._starttls is not None,
            loop=asyncio.get_running_loop(),
        )

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's hook
        assert isinstance(envelope.content, bytes)
        mail = ReceivedMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content)
        async with self._changed:
            self.mails.append(mail)
            self.counts[mail.message_id] += 1
            self._changed.notify_all()
        await asyncio.sleep(self._seconds)
        return f"250 2.0.0 Taken as number {len(self.mails)}"
