"""Sends e-mail over SMTP (RFC 5321)."""

from __future__ import annotations

import asyncio

from clarion_server.adapters.channels.email import mime
from clarion_server.adapters.channels.email.addresses import EmailInvalid
from clarion_server.adapters.channels.email.smtp.connection import SmtpConnection
from clarion_server.adapters.channels.email.smtp.pool import ConnectionPool
from clarion_server.adapters.channels.email.smtp.replies import Reply
from clarion_server.adapters.channels.email.smtp.session import SmtpSession
from clarion_server.adapters.channels.email.smtp.transaction import ConnectionStale, hand_over
from clarion_server.adapters.channels.email.smtp.verification import verify
from clarion_server.adapters.channels.tls import TlsTrust
from clarion_server.application.ports.channels import (
    Following,
    Outbound,
    PermanentFailure,
    Receipt,
    VerificationStep,
    nothing_follows,
)
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.content.email import SmtpProvider
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.attempt import Failure, FailureReason


class SmtpEmailChannel:
    """Implements `Channel`. It connects when there is something to send, at most `max_concurrency` times at once."""

    def __init__(self, configuration: ChannelConfiguration, pool: ConnectionPool | None = None) -> None:
        assert isinstance(configuration.provider, SmtpProvider)
        self._provider = configuration.provider
        self._max_size = configuration.max_message_bytes
        self._announced_size: int | None = None
        self._server_certificate_end: Instant | None = None
        self._max_concurrency = configuration.max_concurrency
        self._sending = 0
        self._ended = asyncio.Event()
        self._trust = TlsTrust(
            self._provider.ca_certificates, self._provider.client_certificate, self._provider.client_key
        )
        self._pool = pool or ConnectionPool()
        #: By the ids of messages: the connections on which their hand-offs have begun.
        self._begun: dict[str, SmtpConnection] = {}

    @property
    def announced_size(self) -> int | None:
        return self._announced_size

    @property
    def server_certificate_end(self) -> Instant | None:
        return self._server_certificate_end

    async def send(self, message: Outbound, following: Following = nothing_follows, /) -> Receipt:
        """Sends the message, after waiting while `max_concurrency` others are being sent.

        Cancellation drops the connection. The outcome is then unknown, as after HandOffInDoubt.
        """
        # Python's semaphore takes as long as the commands of a mail, and a dispatcher nearly never has to wait here.
        while self._sending >= self._max_concurrency:
            self._ended.clear()
            await self._ended.wait()
        self._sending += 1
        try:
            reply = await self._hand_over(message, following)
        finally:
            self._sending -= 1
            self._ended.set()
        return Receipt(str(reply))

    async def _hand_over(self, message: Outbound, following: Following) -> Reply:
        connection = self._begun.pop(message.message_id, None)
        if connection is not None and connection.begun is not None:
            envelope = connection.begun
        else:
            envelope, connection = self._envelope(message), self._pool.take()
        while connection is not None:
            try:
                return await self._hand_over_on(connection, envelope, following)
            except ConnectionStale:
                # Servers close idle connections, which is no failed attempt. One that only has to forget the message
                # before is used again, as another one would be one more than the server may allow.
                connection = self._pool.take() if connection.needs_reset else None
        connection = await self._new_session().open()
        self._announced_size = connection.announced_size
        self._server_certificate_end = connection.server_certificate_end
        return await self._hand_over_on(connection, envelope, following)

    async def _hand_over_on(self, connection: SmtpConnection, envelope: mime.Envelope, following: Following) -> Reply:
        try:
            return await hand_over(connection, envelope, lambda: self._next_envelope(connection, following))
        finally:
            if connection.begun is None:
                self._pool.put_back(connection)
            else:
                self._begun[connection.begun.message_id] = connection

    def _next_envelope(self, connection: SmtpConnection, following: Following) -> mime.Envelope | None:
        message = following() if self._pool.keeps(connection) else None
        try:
            return None if message is None else self._envelope(message)
        except PermanentFailure:
            return None  # which its own hand-off will say

    def _envelope(self, message: Outbound) -> mime.Envelope:
        """Raises PermanentFailure."""
        try:
            envelope = mime.build(message, self._provider)
        except EmailInvalid as error:
            raise PermanentFailure(Failure(error.reason, "", error.detail)) from error
        if envelope.size > self._max_size:
            detail = f"The mail has {envelope.size:,} octets, and the channel configuration takes {self._max_size:,}"
            raise PermanentFailure(Failure(FailureReason.CONTENT_REJECTED, "", detail))
        return envelope

    def _new_session(self) -> SmtpSession:
        return SmtpSession(self._provider, self._trust)

    def drop(self, message_id: str, /) -> None:
        connection = self._begun.pop(message_id, None)
        if connection is not None:
            # The server waits for the content, and takes no command.
            connection.abort()

    async def verify(self) -> list[VerificationStep]:
        return await verify(self._new_session())

    async def close(self) -> None:
        """Closes idle connections. Those in use are closed after the reply to their message."""
        # The messages whose hand-offs had begun were given up.
        for message_id in list(self._begun):
            self.drop(message_id)
        await self._pool.close()
