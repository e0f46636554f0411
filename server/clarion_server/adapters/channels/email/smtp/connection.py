"""An open session with an SMTP server, with a deadline for each wait."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from clarion_server.adapters.channels.email.mime import Envelope
from clarion_server.adapters.channels.email.smtp.failures import HandOffBroken
from clarion_server.adapters.channels.email.smtp.replies import START_INPUT, MalformedReply, Reply, ReplyReader
from clarion_server.adapters.channels.failure_detail import one_line
from clarion_server.adapters.channels.tls import certificate_end
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.attempt import FailureReason

#: Says how long to wait for the reply to QUIT, in seconds.
QUIT_SECONDS = 2.0
#: Is a size as RFC 1870 section 6.1 has it. Python would not read a number of thousands of digits.
_SIZE = re.compile("[0-9]{1,20}")
#: Says how many commands begin a message.
_IN_A_GROUP = 3


class SmtpConnection(asyncio.Protocol):
    """Takes over a transport after EHLO, STARTTLS and AUTH. One task uses it at a time."""

    def __init__(self, transport: asyncio.Transport, extensions: Mapping[str, str], timeout: float) -> None:
        """Takes the extensions of the EHLO reply in lower case with their parameters, and the timeout of each wait in
        seconds.
        """
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._extensions = dict(extensions)
        self._timeout = timeout
        self._reader = ReplyReader()
        self._error: HandOffBroken | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self.unsent = False
        """Says whether written octets are still in the buffer of this process."""
        self.in_transaction = False
        self.needs_reset = False
        """Says whether an earlier transaction may still be open at the server."""
        self.begun: Envelope | None = None
        """The message whose commands were sent behind the content of the one before it."""
        self._quitting = False
        self.message_count = 0
        self.idle_since = 0.0
        self.closed: asyncio.Future[None] = self._loop.create_future()
        transport.set_protocol(self)
        # The lowest limits that work: TLS transports treat 0 as "always full". One octet is not counted, which can
        # only turn a failure into a doubt.
        transport.set_write_buffer_limits(high=1, low=0)

    @property
    def is_usable(self) -> bool:
        """Returns whether another transaction may begin: the connection is open, and no part of a reply is left."""
        return not self._reader.holds_any and self._error is None and not self._transport.is_closing()

    @property
    def has_reply(self) -> bool:
        return bool(self._reader.replies)

    @property
    def announced_size(self) -> int | None:
        """Returns the largest message that the server takes, in octets (RFC 1870). None: it does not say."""
        size = self._extensions.get("size", "").strip()
        return int(size) or None if _SIZE.fullmatch(size) else None

    @property
    def server_certificate_end(self) -> Instant | None:
        """It is when the certificate of the server expires; None without TLS."""
        return certificate_end(self._transport)

    def offers(self, extension: str) -> bool:
        return extension in self._extensions

    def write(self, octets: bytes) -> None:
        """Sends octets. Raises HandOffBroken."""
        if self._transport.is_closing():
            self._fail(FailureReason.CONNECTION_FAILED, "The server closed the connection")
        if self._error:
            raise self._error
        self._transport.write(octets)

    def take_reply(self) -> Reply | None:
        """Returns the next reply if it has arrived. Never waits."""
        return self._reader.replies.popleft() if self._reader.replies else None

    def take_acceptance(self) -> bool:
        """Takes the replies to MAIL, RCPT and DATA if no more and no less have arrived, and they accept the message."""
        replies = self._reader.replies
        if len(replies) != _IN_A_GROUP or replies[2].code != START_INPUT:
            return False
        is_accepted = replies[0].positive and replies[1].positive
        if is_accepted:
            replies.clear()
        return is_accepted

    async def next_reply(self) -> Reply:
        """Returns the next reply. Raises HandOffBroken when none arrives in time, or a malformed one."""
        while not self._reader.replies:
            if self._error:
                raise self._error
            await self._wait()
        return self._reader.replies.popleft()

    async def drain(self) -> None:
        """Waits until all written octets have left this process or a reply has arrived. Raises HandOffBroken."""
        while self.unsent and not self._reader.replies:
            if self._error:
                raise self._error
            await self._wait()

    def quit(self) -> None:
        """Sends QUIT without waiting for the reply. `closed` is done when the connection is closed."""
        if not self.is_usable:
            self.abort()
        elif not self._quitting:
            self._quitting = True
            self._transport.write(b"QUIT\r\n")
            self._loop.call_later(QUIT_SECONDS, self.abort)

    def abort(self) -> None:
        """Closes at once and drops octets that have not left this process."""
        self._transport.abort()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        self._deadline = self._loop.time() + self._timeout
        if self._watch is None:
            self._watch = self._loop.call_at(self._deadline, self._check_deadline)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _check_deadline(self) -> None:
        """Fails an expired wait. One timer serves many waits, which costs less than one for each."""
        self._watch = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._watch = self._loop.call_at(self._deadline, self._check_deadline)
        else:
            self._fail(FailureReason.TIMED_OUT, "The server did not answer in time")

    def _fail(self, reason: FailureReason, detail: str) -> None:
        self._error = self._error or HandOffBroken(reason, detail)
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    # Callbacks of asyncio.Protocol.

    def data_received(self, data: bytes) -> None:
        if not self.in_transaction:
            # The reply to QUIT, or the 421 of a server that closes an idle connection.
            self._transport.close()
            return
        try:
            self._reader.feed(data)
        except MalformedReply as error:
            self._fail(FailureReason.OTHER, str(error))
        if self._reader.replies:
            self._wake()

    def pause_writing(self) -> None:
        self.unsent = True

    def resume_writing(self) -> None:
        self.unsent = False
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch:
            self._watch.cancel()
        cause = f": {exc}" if exc else ""
        self._fail(FailureReason.CONNECTION_FAILED, one_line(f"The server closed the connection{cause}"))
        if not self.closed.done():
            self.closed.set_result(None)
