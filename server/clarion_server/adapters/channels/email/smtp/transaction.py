"""Runs a mail transaction (RFC 5321 section 3.3), with pipelined commands where the server allows it (RFC 2920)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from clarion_server.adapters.channels.email.mime import Envelope
from clarion_server.adapters.channels.email.smtp.connection import SmtpConnection
from clarion_server.adapters.channels.email.smtp.failures import HandOffBroken, Step, broken, refused, unexpected
from clarion_server.adapters.channels.email.smtp.replies import Reply
from clarion_server.application.ports.channels import PermanentFailure
from clarion_server.domain.attempt import Failure, FailureReason

#: The octets of a message that are written at once, after the previous ones have left this process.
_PIECE = 64 * 1024

_START_INPUT = 354
_SERVICE_CLOSING = 421
_BEFORE_SENDER = frozenset({Step.RSET, Step.MAIL})

_Command = tuple[Step, bytes]


class ConnectionStale(Exception):
    """The server had closed the connection before it received any part of this message."""


async def hand_over(connection: SmtpConnection, envelope: Envelope) -> Reply:
    """Hands the message over and returns the reply that accepts it.

    Raises TransientFailure, PermanentFailure or HandOffInDoubt, or ConnectionStale when a reused connection turns out
    to be closed. Afterwards the connection is either ready for the next message or closed; cancellation closes it.
    """
    if envelope.needs_smtputf8 and not connection.offers("smtputf8"):
        raise PermanentFailure(Failure(FailureReason.UNSUPPORTED, "", "The server does not offer SMTPUTF8 (RFC 6531)"))
    connection.in_transaction = True
    try:
        await _send_commands(connection, _commands(connection, envelope))
        reply = await _send_content(connection, envelope.pieces)
    except BaseException:
        if not connection.needs_reset:
            connection.abort()
        raise
    finally:
        connection.in_transaction = False
        connection.message_count += 1
    return reply


def _commands(connection: SmtpConnection, envelope: Envelope) -> list[_Command]:
    sender, recipient = envelope.sender.text.encode(), envelope.recipient.text.encode()
    size = b" SIZE=%d" % envelope.size if connection.offers("size") else b""
    international = b" BODY=8BITMIME SMTPUTF8" if envelope.needs_smtputf8 else b""
    commands = [
        (Step.MAIL, b"MAIL FROM:<%b>%b%b\r\n" % (sender, size, international)),
        (Step.RCPT, b"RCPT TO:<%b>\r\n" % recipient),
        (Step.DATA, b"DATA\r\n"),
    ]
    if connection.needs_reset:
        connection.needs_reset = False
        commands.insert(0, (Step.RSET, b"RSET\r\n"))
    return commands


async def _send_commands(connection: SmtpConnection, commands: list[_Command]) -> None:
    at_once = connection.offers("pipelining")
    unanswered = len(commands)
    if at_once:
        _write(connection, commands[0][0], b"".join(octets for _, octets in commands))
    for step, octets in commands:
        if not at_once:
            _write(connection, step, octets)
        reply = await _reply(connection, step)
        unanswered -= 1
        if not (reply.code == _START_INPUT if step is Step.DATA else reply.positive):
            await _give_up(connection, step, reply, unanswered if at_once else 0)


def _write(connection: SmtpConnection, step: Step, octets: bytes) -> None:
    try:
        connection.write(octets)
    except HandOffBroken as error:
        _raise_broken(connection, step, error)


async def _reply(connection: SmtpConnection, step: Step) -> Reply:
    try:
        return await connection.next_reply()
    except HandOffBroken as error:
        _raise_broken(connection, step, error)


def _raise_broken(connection: SmtpConnection, step: Step, error: HandOffBroken) -> NoReturn:
    if _is_stale(connection, step) and error.reason is FailureReason.CONNECTION_FAILED:
        raise ConnectionStale from error
    raise broken(error, handed_over=False) from error


def _is_stale(connection: SmtpConnection, step: Step) -> bool:
    """Returns whether an error at `step` can be due to the connection's age."""
    return connection.message_count > 0 and step in _BEFORE_SENDER


async def _give_up(connection: SmtpConnection, step: Step, reply: Reply, unanswered: int) -> NoReturn:
    """Raises the failure for a refused command, after reading the replies to the commands pipelined behind it.

    The message was not sent, whatever these replies are.
    """
    if _is_stale(connection, step) and (reply.code == _SERVICE_CLOSING or step is Step.RSET):
        raise ConnectionStale
    if not reply.negative:
        raise broken(unexpected(step, reply), handed_over=False)
    failure = refused(step, reply)
    if reply.code != _SERVICE_CLOSING:
        connection.needs_reset = await _skip(connection, unanswered)
    raise failure


async def _skip(connection: SmtpConnection, unanswered: int) -> bool:
    """Reads the outstanding replies and returns whether the server waits for a command again.

    A server that asks for the message in spite of its refusal (RFC 2920 section 3.1) never gets the final dot.
    """
    try:
        replies = [await connection.next_reply() for _ in range(unanswered)]
    except HandOffBroken:
        return False
    return all(reply.code not in (_START_INPUT, _SERVICE_CLOSING) for reply in replies)


async def _send_content(connection: SmtpConnection, pieces: Sequence[bytes]) -> Reply:
    handed_over = False
    try:
        for octets in _transparent(pieces):
            await connection.drain()
            if connection.has_reply:
                break
            connection.write(octets)
        else:
            handed_over = True
        reply = await connection.next_reply()
    except HandOffBroken as error:
        raise broken(error, handed_over=handed_over and not connection.unsent) from error
    if reply.positive and handed_over:
        return reply
    if not reply.negative:
        raise broken(unexpected(Step.CONTENT, reply), handed_over=handed_over)
    connection.needs_reset = handed_over and reply.code != _SERVICE_CLOSING
    raise refused(Step.CONTENT, reply)


def _transparent(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """Yields the content with doubled dots and the final one (RFC 5321 section 4.5.2). It must end in CRLF."""
    octets = b""
    for piece in pieces:
        for at in range(0, len(piece), _PIECE):
            begins_line = octets.endswith(b"\n")
            if octets:
                yield octets
            octets = _with_doubled_dots(piece[at : at + _PIECE], begins_line=begins_line)
    yield octets + b".\r\n"


def _with_doubled_dots(octets: bytes, *, begins_line: bool) -> bytes:
    if b"\n." in octets:
        octets = octets.replace(b"\n.", b"\n..")
    return b"." + octets if begins_line and octets.startswith(b".") else octets
