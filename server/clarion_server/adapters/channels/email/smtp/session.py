"""Opens a session with an SMTP server: connect, EHLO, STARTTLS and AUTH, as separate steps."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import cast

import aiosmtplib

from clarion_server.adapters.channels.email.smtp.connecting import connect
from clarion_server.adapters.channels.email.smtp.connection import QUIT_SECONDS, SmtpConnection
from clarion_server.adapters.channels.email.smtp.failures import HandOffBroken, Step
from clarion_server.adapters.channels.email.smtp.replies import Reply
from clarion_server.adapters.channels.email.smtp.setup_failures import SETUP_ERRORS, setup_failure
from clarion_server.adapters.channels.tls import TlsTrust
from clarion_server.application.ports.channels import TransientFailure
from clarion_server.domain.content.email import SmtpProvider, TlsMode
from clarion_server.domain.instant import SECOND
from clarion_server.domain.messages.attempt import Failure, FailureReason

#: Holds the methods in the order of preference. All are safe, as the connection is encrypted or stays on this machine.
_AUTH_METHODS = ("plain", "login", "cram-md5")
#: Refusals of the AUTH method and not of the credentials (RFC 5321 section 4.2.2, RFC 4954 section 6).
_METHOD_REFUSED = frozenset({502, 504, 534})
#: Holds the replies of servers that do not know EHLO.
_COMMAND_UNKNOWN = frozenset({500, 502})

_Run = Callable[[], Awaitable[str]]


class SmtpSession:
    """Is a session that is being opened. It becomes an SmtpConnection after all its steps."""

    def __init__(self, provider: SmtpProvider, trust: TlsTrust) -> None:
        self._provider = provider
        self._trust = trust
        self._timeout = provider.timeout / SECOND
        self._connected: aiosmtplib.SMTP | None = None

    def steps(self) -> Iterator[tuple[Step, _Run]]:
        """Yields the steps in their order, for `perform`."""
        yield Step.CONNECT, self._connect
        yield Step.EHLO, self._greet
        if self._provider.tls_mode is TlsMode.STARTTLS:
            yield Step.STARTTLS, self._start_tls
        if self._provider.username:
            yield Step.AUTH, self._authenticate

    async def perform(self, step: Step, run: _Run) -> str:
        """Runs a step and returns a detail. Raises TransientFailure, never with a credential in it."""
        try:
            async with asyncio.timeout(self._timeout):
                return await run()
        except SETUP_ERRORS as error:
            raise TransientFailure(setup_failure(step, error, self._without_credentials)) from error

    async def open(self) -> SmtpConnection:
        """Runs all steps and returns the connection. Raises TransientFailure."""
        try:
            for step, run in self.steps():
                await self.perform(step, run)
            return self._connection()
        except BaseException:
            self.abort()
            raise

    @property
    def _smtp(self) -> aiosmtplib.SMTP:
        assert self._connected is not None, "connecting is the first step"
        return self._connected

    def abort(self) -> None:
        """Closes the connection, if there is one."""
        if self._connected is None:
            return
        if self._connected.transport is not None:
            cast("asyncio.Transport", self._connected.transport).abort()
        self._connected.close()

    async def quit(self) -> None:
        """Sends QUIT. The session must be aborted afterwards."""
        with suppress(*SETUP_ERRORS):
            async with asyncio.timeout(QUIT_SECONDS):
                await self._smtp.quit()

    def _connection(self) -> SmtpConnection:
        transport = self._smtp.transport
        if transport is None or transport.is_closing():
            raise TransientFailure(Failure(FailureReason.CONNECTION_FAILED, "", "The server closed the connection"))
        return SmtpConnection(cast("asyncio.Transport", transport), self._smtp.esmtp_extensions, self._timeout)

    def _without_credentials(self, text: str) -> str:
        """Returns the text without credentials, because some servers repeat the line that they refuse."""
        username, password = self._provider.username, self._provider.password
        if not password:
            return text
        plain = b64encode(f"\0{username}\0{password}".encode()).decode("ascii")
        for secret in (plain, b64encode(password.encode()).decode("ascii"), password):
            text = text.replace(secret, "…")
        return text

    async def _connect(self) -> str:
        implicit = self._provider.tls_mode is TlsMode.IMPLICIT
        tls_context = await self._trust.context() if implicit else None
        self._connected, greeting = await connect(self._provider.host, self._provider.port, tls_context, self._timeout)
        return f"The server greets: {Reply(greeting.code, greeting.message.encode('utf-8', 'replace'))}"

    async def _greet(self) -> str:
        name = self._own_name()
        try:
            await self._smtp.ehlo(hostname=name)
        except aiosmtplib.SMTPHeloError as error:
            if error.code not in _COMMAND_UNKNOWN:
                raise
            await self._smtp.helo(hostname=name)
        offered = ", ".join(sorted(self._smtp.esmtp_extensions)).upper() or "nothing"
        return f"Clarion calls itself {name}. The server offers: {offered}"

    def _own_name(self) -> str:
        """Returns the configured name, else the full host name, else the address as a literal, without a DNS lookup.

        RFC 5321 section 4.1.4 asks for one of them.
        """
        if self._provider.ehlo_name:
            return self._provider.ehlo_name
        name = socket.gethostname()
        if "." in name and name.isascii():
            return name
        address: str = self._smtp.get_transport_info("sockname")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    async def _start_tls(self) -> str:
        if not self._smtp.supports_extension("starttls"):
            raise HandOffBroken(FailureReason.TLS_FAILED, "The server does not offer STARTTLS")
        await self._smtp.starttls(tls_context=await self._trust.context())
        # Extensions that were offered without encryption are void (RFC 3207 section 4.2).
        await self._smtp.ehlo(hostname=self._own_name())
        return f"Protected by {self._smtp.get_transport_info('ssl_object').version()}"

    async def _authenticate(self) -> str:
        offered = [method for method in _AUTH_METHODS if method in self._smtp.server_auth_methods]
        if not offered:
            detail = f"The server offers none of AUTH {', '.join(_AUTH_METHODS).upper()}"
            raise HandOffBroken(FailureReason.AUTHENTICATION_FAILED, detail)
        for method in offered:
            try:
                await self._authenticate_by(method)
            except aiosmtplib.SMTPAuthenticationError as error:
                if error.code not in _METHOD_REFUSED or method == offered[-1]:
                    raise
            else:
                break
        return f"The server accepts the credentials by AUTH {method.upper()}"

    async def _authenticate_by(self, method: str) -> None:
        run = {"plain": self._smtp.auth_plain, "login": self._smtp.auth_login, "cram-md5": self._smtp.auth_crammd5}
        await run[method](self._provider.username, self._provider.password)
