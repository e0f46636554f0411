"""E-mail over SMTP (RFC 5321)."""

from __future__ import annotations

import asyncio

import aiosmtplib

from clarion_server.adapters.channels import mime
from clarion_server.application.ports.channels import (
    HandOffInDoubt,
    OutboundEmail,
    PermanentFailure,
    Receipt,
    TransientFailure,
    VerificationStep,
)
from clarion_server.domain.channel import ChannelConfiguration, TlsMode
from clarion_server.domain.instant import SECOND
from clarion_server.domain.message import MAX_DETAIL, Failure, FailureReason


_FIRST_PERMANENT = 500


class SmtpEmailChannel:
    def __init__(self, configuration: ChannelConfiguration) -> None:
        self._configuration = configuration
        self._slots = asyncio.Semaphore(configuration.max_concurrency)
        self._idle: list[aiosmtplib.SMTP] = []

    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            envelope = mime.build(message, self._configuration.smtp)
        except ValueError as error:
            raise PermanentFailure(Failure(FailureReason.UNSUPPORTED, "", str(error)[:MAX_DETAIL])) from error
        async with self._slots:
            connection = await self._connection()
            try:
                receipt = await self._hand_over(connection, envelope)
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)
            return receipt

    async def _connection(self) -> aiosmtplib.SMTP:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_connected:
                return connection
        smtp = self._configuration.smtp
        connection = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.port,
            local_hostname="localhost",
            timeout=smtp.timeout / SECOND,
            use_tls=smtp.tls_mode is TlsMode.IMPLICIT,
            start_tls=smtp.tls_mode is TlsMode.STARTTLS,
            username=smtp.username or None,
            password=smtp.password or None,
        )
        try:
            await connection.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TransientFailure(Failure(FailureReason.CONNECTION_FAILED, "", str(error)[:MAX_DETAIL])) from error
        return connection

    async def _hand_over(self, connection: aiosmtplib.SMTP, envelope: mime.Envelope) -> Receipt:
        try:
            await connection.mail(envelope.sender.text)
            await connection.rcpt(envelope.recipient.text)
            reply = await connection.data(envelope.content)
        except aiosmtplib.SMTPResponseException as error:
            kind = TransientFailure if error.code < _FIRST_PERMANENT else PermanentFailure
            raise kind(Failure(FailureReason.OTHER, str(error.code), error.message[:MAX_DETAIL])) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise HandOffInDoubt(Failure(FailureReason.HAND_OFF_UNKNOWN, "", str(error)[:MAX_DETAIL])) from error
        return Receipt(f"{reply.code} {reply.message}")

    async def verify(self) -> list[VerificationStep]:
        return []

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
