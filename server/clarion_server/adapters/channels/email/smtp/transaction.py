"""Runs a mail transaction (RFC 5321 section 3.3), with pipelined commands where the server allows it (RFC 2920).

The content of a mail may begin a group of pipelined commands (RFC 2920 section 3.1). So where the next mail is ready,
its commands are sent with the content, and their replies come with the reply to the content: a mail then takes one
write, one read and one round trip. DATA ends every group, and no content is sent before the reply to DATA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NoReturn

from clarion_server.adapters.channels.email.mime import Envelope
from clarion_server.adapters.channels.email.smtp.connection import SmtpConnection
from clarion_server.adapters.channels.email.smtp.failures import HandOffBroken, Step, broken, refused, unexpected
from clarion_server.adapters.channels.email.smtp.replies import START_INPUT, Reply
from clarion_server.application.ports.channels import PermanentFailure
from clarion_server.domain.messages.attempt import Failure, FailureReason

#: Is the number of octets of a message that are written at once, after the previous ones have left this process.
_PIECE = 64 * 1024
#: Is the largest message behind which the next one begins, in octets. Systems take so much at once; of what they took
#: in part, nobody could tell whether the final dot was in it or just the commands behind it were not.
_LARGEST_FOLLOWED = 16 * 1024

_SERVICE_CLOSING = 421
_BEFORE_SENDER = frozenset({Step.RSET, Step.MAIL})

_Command = tuple[Step, str]
#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_MAIL, _RCPT, _DATA = Step.MAIL, Step.RCPT, Step.DATA
#: Holds the commands of a message that were sent ahead.
_BEGUN: list[_Command] = [(_MAIL, ""), (_RCPT, ""), (_DATA, "")]
_FINAL_DOT = b".\r\n"


class ConnectionStale(Exception):
    """The connection is closed, or `needs_reset`, and the server has received no part of this message."""


NextEnvelope = Callable[[], Envelope | None]


async def hand_over(connection: SmtpConnection, envelope: Envelope, following: NextEnvelope = lambda: None) -> Reply:
    """Hands the message over and returns the reply that accepts it.

    Raises TransientFailure, PermanentFailure or HandOffInDoubt, or ConnectionStale when a reused connection turns out
    to be of no use for it. Afterwards the connection is either ready for the next message or closed; cancellation
    closes it. When it has `begun` a message, which is the one that `following` returned, that one must come next.
    """
    if not _is_understood(connection, envelope):
        raise PermanentFailure(Failure(FailureReason.UNSUPPORTED, "", "The server does not offer SMTPUTF8 (RFC 6531)"))
    connection.in_transaction = True
    try:
        await _open(connection, envelope)
        reply = await _send_content(connection, envelope, following)
    except BaseException:
        if not connection.needs_reset:
            connection.begun = None
            connection.abort()
        raise
    finally:
        connection.in_transaction = connection.begun is not None
        connection.message_count += 1
    return reply


def _commands(connection: SmtpConnection, envelope: Envelope) -> list[_Command]:
    size = f" SIZE={envelope.size}" if connection.offers("size") else ""
    international = " BODY=8BITMIME SMTPUTF8" if envelope.needs_smtputf8 else ""
    return [
        (_MAIL, f"MAIL FROM:<{envelope.sender.text}>{size}{international}\r\n"),
        (_RCPT, f"RCPT TO:<{envelope.recipient.text}>\r\n"),
        (_DATA, "DATA\r\n"),
    ]


def _joined(commands: Sequence[_Command]) -> bytes:
    return "".join([line for _, line in commands]).encode()


async def _open(connection: SmtpConnection, envelope: Envelope) -> None:
    """Returns when the server has accepted sender and recipient and waits for the content."""
    is_begun, was_refused = connection.begun is envelope, connection.needs_reset
    connection.begun, connection.needs_reset = None, False
    if is_begun and connection.take_acceptance():
        return
    commands = _BEGUN if is_begun else _commands(connection, envelope)
    if was_refused and not is_begun:
        commands.insert(0, (Step.RSET, "RSET\r\n"))
    at_once = is_begun or connection.offers("pipelining")
    unanswered = len(commands)
    if at_once and not is_begun:
        _write(connection, commands[0][0], _joined(commands))
    for step, line in commands:
        if not at_once:
            _write(connection, step, line.encode())
        # Mostly they have arrived together, and a coroutine for each takes longer than the rest.
        reply = connection.take_reply() or await _reply(connection, step, is_begun=is_begun)
        unanswered -= 1
        is_accepted = reply.code == START_INPUT if step is _DATA else reply.positive
        if is_begun and not is_accepted and (was_refused or not reply.negative):
            # What came before may be to blame: a content that was refused, or a reply too many.
            connection.needs_reset = was_refused and await _skip(connection, unanswered)
            raise ConnectionStale
        if not is_accepted:
            await _give_up(connection, step, reply, unanswered if at_once else 0)


def _write(connection: SmtpConnection, step: Step, octets: bytes) -> None:
    try:
        connection.write(octets)
    except HandOffBroken as error:
        _raise_broken(connection, step, error)


async def _reply(connection: SmtpConnection, step: Step, *, is_begun: bool) -> Reply:
    try:
        return await connection.next_reply()
    except HandOffBroken as error:
        if is_begun and step is Step.MAIL and error.reason is not FailureReason.TIMED_OUT:
            raise ConnectionStale from error
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
    return all(reply.code not in (START_INPUT, _SERVICE_CLOSING) for reply in replies)


async def _send_content(connection: SmtpConnection, envelope: Envelope, following: NextEnvelope) -> Reply:
    behind = _begin_next(connection, envelope, following)
    handed_over = False
    try:
        for octets in _transparent(envelope.pieces, _FINAL_DOT + behind):
            if connection.unsent:
                await connection.drain()
            if connection.has_reply:
                break
            connection.write(octets)
        else:
            handed_over = True
        reply = await connection.next_reply()
    except HandOffBroken as error:
        # Of octets that left in part, those behind the final dot may be the rest.
        may_have_left = bool(behind) or not connection.unsent
        raise broken(error, handed_over=handed_over and may_have_left) from error
    if reply.positive and handed_over:
        return reply
    if not reply.negative:
        raise broken(unexpected(Step.CONTENT, reply), handed_over=handed_over)
    connection.needs_reset = handed_over and reply.code != _SERVICE_CLOSING
    raise refused(Step.CONTENT, reply)


def _begin_next(connection: SmtpConnection, envelope: Envelope, following: NextEnvelope) -> bytes:
    """Returns the commands of the next message; nothing when none is ready or the server must answer first."""
    if envelope.size > _LARGEST_FOLLOWED or not connection.offers("pipelining"):
        return b""
    upcoming = following()
    if upcoming is None or not _is_understood(connection, upcoming):
        return b""
    connection.begun = upcoming
    return _joined(_commands(connection, upcoming))


def _is_understood(connection: SmtpConnection, envelope: Envelope) -> bool:
    return not envelope.needs_smtputf8 or connection.offers("smtputf8")


def _transparent(pieces: Sequence[bytes], end: bytes = _FINAL_DOT) -> Iterable[bytes]:
    """Returns the content with doubled dots (RFC 5321 section 4.5.2) and its end. It must end in CRLF."""
    if len(pieces) == 1 and len(pieces[0]) <= _PIECE:
        return (_with_doubled_dots(pieces[0], begins_line=False) + end,)
    return _cut(pieces, end)


def _cut(pieces: Sequence[bytes], end: bytes) -> Iterator[bytes]:
    octets = b""
    for piece in pieces:
        for at in range(0, len(piece), _PIECE):
            begins_line = octets.endswith(b"\n")
            if octets:
                yield octets
            octets = _with_doubled_dots(piece[at : at + _PIECE], begins_line=begins_line)
    yield octets + end


def _with_doubled_dots(octets: bytes, *, begins_line: bool) -> bytes:
    if b"\n." in octets:
        octets = octets.replace(b"\n.", b"\n..")
    return b"." + octets if begins_line and octets.startswith(b".") else octets
