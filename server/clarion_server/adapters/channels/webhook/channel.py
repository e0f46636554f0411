"""Sends webhooks over HTTP/1.1 (RFC 9112)."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote_plus

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from clarion_server.adapters.channels.failure_detail import one_line
from clarion_server.adapters.channels.tls import certificate_end
from clarion_server.adapters.channels.webhook.answers import Answer, refused
from clarion_server.adapters.channels.webhook.connections import EndpointConnections
from clarion_server.adapters.channels.webhook.signature import signed_headers
from clarion_server.adapters.channels.webhook.verification import verify
from clarion_server.application.ports.channels import (
    Following,
    HandOffFailed,
    HandOffInDoubt,
    Outbound,
    Receipt,
    TransientFailure,
    VerificationStep,
    nothing_follows,
)
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.content.webhook import Method, RenderedWebhook, WebhookContent, WebhookProvider
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.messages.attempt import Failure, FailureReason

#: Is the most octets that are read of an answer.
_MAX_READ = 64 * 1024
#: Is the number of octets of a body that are written at once, after the previous ones have left this process.
_PIECE = 64 * 1024
#: Shorter values are not hidden, because they also occur as ordinary words.
_SHORTEST_SECRET = 8

#: Holds the errors of an exchange. UnicodeError is raised for a malformed host name, and RuntimeError by uvloop for a
#: socket that was just closed.
_EXCHANGE_ERRORS = (aiohttp.ClientError, OSError, UnicodeError, RuntimeError)


class WebhookChannel:
    """Implements `Channel`. It sends at most `max_concurrency` requests at once."""

    def __init__(self, configuration: ChannelConfiguration) -> None:
        assert isinstance(configuration.provider, WebhookProvider)
        self._provider = configuration.provider
        self._slots = asyncio.Semaphore(configuration.max_concurrency)
        self._connections = EndpointConnections(configuration.provider)
        self._transport: asyncio.BaseTransport | None = None
        self._requests_in_flight = 0
        self._closing = False

    @property
    def announced_size(self) -> int | None:
        return None

    @property
    def server_certificate_end(self) -> Instant | None:
        return certificate_end(self._transport)

    async def send(self, message: Outbound, _following: Following = nothing_follows, /) -> Receipt:
        """Sends the request, after waiting while `max_concurrency` are in flight. Cancellation drops the connection."""
        async with self._slots:
            self._requests_in_flight += 1
            try:
                answer = await self._exchange(message)
            finally:
                self._requests_in_flight -= 1
                await self._close_when_idle()
        if answer.is_accepted:
            return Receipt(answer.status_line)
        raise refused(answer)

    async def _exchange(self, message: Outbound) -> Answer:
        """Sends the request and returns the answer. Raises TransientFailure or HandOffInDoubt when there is none."""
        content, rendered = message.content, message.rendered
        assert isinstance(content, WebhookContent)
        assert isinstance(rendered, RenderedWebhook)
        body = _Body(rendered.body.encode())
        name = f"messages/{message.message_id}"
        headers = {**rendered.headers, **signed_headers(self._provider.secret, name, int(time.time()), body.octets)}
        secrets = list(self._secrets(rendered))
        answer: Answer | None = None
        try:
            async with (
                asyncio.timeout(self._provider.timeout / SECOND),
                (await self._connections.session()).request(
                    content.method or Method.POST,
                    self._connections.url,
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                answer = _answer(response, secrets)
                # The transport of the body, because the answer has given its connection back if it has no body itself.
                self._transport = body.transport
                answer = replace(answer, text=_hide(await _beginning(response), secrets))
        except _EXCHANGE_ERRORS as error:
            # The status decides the outcome, even when the rest of the answer is lost.
            if answer is None:
                raise _broken(error, request_left=body.has_left) from error
        return answer

    def _secrets(self, rendered: RenderedWebhook) -> Iterable[str]:
        """Yields the secrets that an answer might repeat, such as a token in the URL or an `Authorization` field."""
        yield self._provider.secret
        yield self._provider.secret.removeprefix("whsec_")
        # Which part of a path is a token, nobody can tell.
        yield self._connections.url.raw_path
        yield self._connections.url.path
        for pair in self._connections.url.raw_query_string.split("&"):
            value = pair.partition("=")[2]
            yield value
            yield unquote_plus(value)
        for name, value in rendered.headers.items():
            if name != "content-type":
                yield value
                yield value.rpartition(" ")[2]

    def drop(self, _message_id: str, /) -> None:
        """Does nothing, as no request begins behind another one."""

    async def verify(self) -> list[VerificationStep]:
        return await verify(self._connections, self._provider.timeout)

    async def close(self) -> None:
        self._closing = True
        await self._close_when_idle()

    async def _close_when_idle(self) -> None:
        if self._closing and not self._requests_in_flight:
            await self._connections.close()


class _Body(aiohttp.Payload):
    """Is the body of a request, which records whether its last octet has left this process."""

    def __init__(self, octets: bytes) -> None:
        super().__init__(octets)
        self._size = len(octets)
        self.octets = octets
        self.has_left = False
        self.transport: asyncio.BaseTransport | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self.octets.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        assert isinstance(writer, aiohttp.http.StreamWriter)
        self.transport = writer.transport
        if writer.transport is not None:
            # The lowest limits that work: TLS transports treat 0 as "always full". `drain` then waits for the last
            # octet but one.
            writer.transport.set_write_buffer_limits(high=1, low=0)
        for at in range(0, len(self.octets), _PIECE):
            await writer.write(self.octets[at : at + _PIECE])
            await writer.drain()
        self.has_left = True


def _answer(response: aiohttp.ClientResponse, secrets: Iterable[str]) -> Answer:
    phrase = _hide(response.reason or "", secrets)
    return Answer(response.status, phrase, response.headers.get("Retry-After", ""))


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """Returns the beginning of the body. A connection is reused only when its answer was read to the end."""
    octets = b""
    while len(octets) < _MAX_READ and (more := await response.content.read(_MAX_READ - len(octets))):
        octets += more
    return octets.decode("utf-8", "replace")


def _hide(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return text


def _broken(error: Exception, *, request_left: bool) -> HandOffFailed:
    """Returns the port's error for an exchange that ended without an answer."""
    detail = one_line(_description(error))
    if request_left:
        return HandOffInDoubt(Failure(FailureReason.HAND_OFF_UNKNOWN, "", detail))
    return TransientFailure(Failure(_reason(error), "", detail))


def _reason(error: Exception) -> FailureReason:
    if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError):
        return FailureReason.TLS_FAILED
    if isinstance(error, TimeoutError):
        return FailureReason.TIMED_OUT
    return FailureReason.CONNECTION_FAILED


def _description(error: Exception) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The endpoint's certificate is not accepted: {cause.verify_message}"
    if isinstance(cause, TimeoutError):
        return "The endpoint did not answer in time"
    if isinstance(cause, aiohttp.ServerDisconnectedError):
        return "The endpoint closed the connection"
    if isinstance(cause, aiohttp.ClientOSError):
        # Its own text may hold the URL, as below.
        return os.strerror(cause.errno) if cause.errno else "The endpoint closed the connection"
    if isinstance(cause, aiohttp.ClientResponseError):
        # Its own text holds the URL with its query, which may be a secret.
        return "The endpoint's answer is no HTTP"
    return str(cause) or type(cause).__name__
