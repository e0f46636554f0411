"""Maps the refusals of an SMTP server, and broken sessions, to failures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from clarion_server.adapters.channels.email.smtp.replies import Reply
from clarion_server.adapters.channels.failure_detail import one_line
from clarion_server.application.ports.channels import (
    HandOffFailed,
    HandOffInDoubt,
    PermanentFailure,
    TransientFailure,
)
from clarion_server.domain.messages.attempt import Failure, FailureReason


class Step(StrEnum):
    """Is a step of a session."""

    CONNECT = "CONNECT"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "CONTENT"
    """Is the step from the first line of the message to the reply to its final dot."""


_REASON = FailureReason

#: Holds the reasons by enhanced code (RFC 3463 and IANA's registry; X stands for any class), by step and code, and by
#: code, in the order of preference. A refusal without an entry becomes `OTHER`; the failure has its code and text.
#: Enhanced codes that say no more than the basic one, such as X.2.0 and X.7.1, are left out on purpose.
REASONS: Mapping[str, FailureReason] = {
    "X.1.1": _REASON.RECIPIENT_REJECTED,
    "X.1.2": _REASON.RECIPIENT_REJECTED,
    "X.1.3": _REASON.RECIPIENT_REJECTED,
    "X.1.4": _REASON.RECIPIENT_REJECTED,
    "X.1.6": _REASON.RECIPIENT_REJECTED,
    "X.1.7": _REASON.SENDER_REJECTED,
    "X.1.8": _REASON.SENDER_REJECTED,
    "X.1.9": _REASON.SENDER_REJECTED,
    "X.1.10": _REASON.RECIPIENT_REJECTED,
    "5.2.1": _REASON.RECIPIENT_REJECTED,
    "X.2.2": _REASON.MAILBOX_FULL,
    "X.2.3": _REASON.CONTENT_REJECTED,
    "X.2.4": _REASON.RECIPIENT_REJECTED,
    "X.3.1": _REASON.THROTTLED,
    "X.3.2": _REASON.THROTTLED,
    "X.3.3": _REASON.UNSUPPORTED,
    "X.3.4": _REASON.CONTENT_REJECTED,
    "X.4.5": _REASON.THROTTLED,
    "X.5.3": _REASON.THROTTLED,
    "X.6.1": _REASON.CONTENT_REJECTED,
    "X.6.2": _REASON.CONTENT_REJECTED,
    "X.6.3": _REASON.UNSUPPORTED,
    "X.6.6": _REASON.CONTENT_REJECTED,
    "X.6.7": _REASON.UNSUPPORTED,
    "X.6.9": _REASON.UNSUPPORTED,
    "X.7.8": _REASON.AUTHENTICATION_FAILED,
    "X.7.9": _REASON.AUTHENTICATION_FAILED,
    "X.7.10": _REASON.TLS_FAILED,
    "X.7.11": _REASON.TLS_FAILED,
    "X.7.12": _REASON.AUTHENTICATION_FAILED,
    "X.7.13": _REASON.AUTHENTICATION_FAILED,
    "X.7.15": _REASON.THROTTLED,
    "X.7.20": _REASON.SENDER_REJECTED,
    "X.7.21": _REASON.SENDER_REJECTED,
    "X.7.22": _REASON.SENDER_REJECTED,
    "X.7.23": _REASON.SENDER_REJECTED,
    "X.7.24": _REASON.SENDER_REJECTED,
    "X.7.25": _REASON.SENDER_REJECTED,
    "X.7.26": _REASON.SENDER_REJECTED,
    "X.7.27": _REASON.SENDER_REJECTED,
    "X.7.28": _REASON.THROTTLED,
    "MAIL 550": _REASON.SENDER_REJECTED,
    "MAIL 552": _REASON.CONTENT_REJECTED,
    "MAIL 553": _REASON.SENDER_REJECTED,
    "MAIL 554": _REASON.SENDER_REJECTED,
    "RCPT 550": _REASON.RECIPIENT_REJECTED,
    "RCPT 551": _REASON.RECIPIENT_REJECTED,
    "RCPT 552": _REASON.MAILBOX_FULL,
    "RCPT 553": _REASON.RECIPIENT_REJECTED,
    "RCPT 554": _REASON.RECIPIENT_REJECTED,
    "DATA 550": _REASON.CONTENT_REJECTED,
    "DATA 552": _REASON.CONTENT_REJECTED,
    "DATA 554": _REASON.CONTENT_REJECTED,
    "CONTENT 550": _REASON.CONTENT_REJECTED,
    "CONTENT 552": _REASON.CONTENT_REJECTED,
    "CONTENT 554": _REASON.CONTENT_REJECTED,
    "STARTTLS 454": _REASON.TLS_FAILED,
    "AUTH 454": _REASON.AUTHENTICATION_FAILED,
    "MAIL 454": _REASON.THROTTLED,
    "DATA 454": _REASON.THROTTLED,
    "CONTENT 454": _REASON.THROTTLED,
    "421": _REASON.THROTTLED,
    "450": _REASON.THROTTLED,
    "451": _REASON.THROTTLED,
    "452": _REASON.THROTTLED,
    "455": _REASON.UNSUPPORTED,
    "538": _REASON.TLS_FAILED,
    "555": _REASON.UNSUPPORTED,
    "556": _REASON.RECIPIENT_REJECTED,
}

#: Codes that ask for a login or refuse it (RFC 4954 section 6), at the steps at which a login can be missing.
_LOGIN_CODES = frozenset({530, 534, 535})
_LOGIN_STEPS = frozenset({Step.AUTH, Step.MAIL, Step.RCPT, Step.DATA})
_ASKS_FOR_TLS = re.compile("starttls", re.IGNORECASE)
#: Is the code for a command out of order, such as one before a login or amid another transaction. It says nothing about
#: the message.
_OUT_OF_ORDER = 503
_NEEDS_LOGIN = re.compile("auth|log ?in", re.IGNORECASE)
#: What servers say by other codes of a client that has not logged in. Exchange says such a thing of single recipients.
_ASKS_FOR_LOGIN = re.compile(
    r"smtp auth|without authentication|auth(?:enticate)? first|(?<!AuthRequired; )authentication (?:is )?required"
    r"|client (?:was |is )?not authenticated",
    re.IGNORECASE,
)

_AFTER_MAIL = frozenset({Step.MAIL, Step.RCPT, Step.DATA, Step.CONTENT})
#: Refusals of the client or the sender, which servers such as Postfix postpone until RCPT. Exchange, Amazon SES,
#: SendGrid, Postmark and Postal, in this order, postpone them until the end.
_REFUSES_SENDER = re.compile(
    r"sender address rejected|not owned by user|sender verify failed|client host|helo command rejected"
    r"|relay access denied|relay(?:ing)? denied|unable to relay|relay not permitted"
    r"|send ?as ?denied|permissions to send as"
    r"|email address is not verified|is not authorized to perform|sending (?:paused|suspended) for this account"
    r"|verified sender identity|sender signature|from/sender name is not valid",
    re.IGNORECASE,
)
#: Exchange says by a code that means nothing that the account has sent enough for today.
_REFUSES_MORE = re.compile("submission ?quota ?exceeded", re.IGNORECASE)

#: Refusals of the configuration and not of the message: they may pass, or be mended, while the retry window is open.
_NEVER_PERMANENT = frozenset(
    {_REASON.AUTHENTICATION_FAILED, _REASON.TLS_FAILED, _REASON.SENDER_REJECTED, _REASON.THROTTLED}
)

#: A refusal before MAIL says nothing about any message.
_BEFORE_MAIL: Mapping[Step, FailureReason] = {
    Step.CONNECT: _REASON.CONNECTION_FAILED,
    Step.EHLO: _REASON.CONNECTION_FAILED,
    Step.STARTTLS: _REASON.TLS_FAILED,
    Step.AUTH: _REASON.AUTHENTICATION_FAILED,
    Step.RSET: _REASON.CONNECTION_FAILED,
}


class HandOffBroken(Exception):
    """The session ended, or became unusable, without a reply that decides the hand-off."""

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def reason_of(step: Step, reply: Reply) -> FailureReason:
    """Returns the reason of a refusal: by its enhanced code, else by its text, else by its basic code."""
    enhanced = reply.enhanced_code
    return (
        REASONS.get(enhanced)
        or REASONS.get(f"X{enhanced[1:]}")
        or _reason_by_text(step, reply)
        or REASONS.get(f"{step} {reply.code}")
        or REASONS.get(str(reply.code))
        or _BEFORE_MAIL.get(step, _REASON.OTHER)
    )


def _reason_by_text(step: Step, reply: Reply) -> FailureReason | None:
    if step in _LOGIN_STEPS and _is_about_login(reply):
        return _REASON.TLS_FAILED if _ASKS_FOR_TLS.search(reply.text) else _REASON.AUTHENTICATION_FAILED
    if step in _AFTER_MAIL and _REFUSES_SENDER.search(reply.text):
        return _REASON.SENDER_REJECTED
    if step in _AFTER_MAIL and _REFUSES_MORE.search(reply.text):
        return _REASON.THROTTLED
    return None


def _is_about_login(reply: Reply) -> bool:
    if reply.code in _LOGIN_CODES:
        return True
    asks = _NEEDS_LOGIN if reply.code == _OUT_OF_ORDER else _ASKS_FOR_LOGIN
    return reply.permanent and asks.search(reply.text) is not None


def code_of(reply: Reply) -> str:
    return f"{reply.code} {reply.enhanced_code}".rstrip()


def refused(step: Step, reply: Reply) -> HandOffFailed:
    """Returns the port's error for a reply of 4yz or 5yz."""
    failure = Failure(reason_of(step, reply), code_of(reply), reply.text)
    is_of_message = step not in _BEFORE_MAIL and failure.reason not in _NEVER_PERMANENT and reply.code != _OUT_OF_ORDER
    return PermanentFailure(failure) if reply.permanent and is_of_message else TransientFailure(failure)


def unexpected(step: Step, reply: Reply) -> HandOffBroken:
    """Returns the error for a reply that neither accepts nor refuses."""
    return HandOffBroken(_REASON.OTHER, one_line(f"The server's reply to {step} decides nothing: {reply}"))


def broken(error: HandOffBroken, *, handed_over: bool) -> HandOffFailed:
    """Returns the port's error for a broken session. `handed_over` is true when the final dot was sent."""
    if handed_over:
        return HandOffInDoubt(Failure(_REASON.HAND_OFF_UNKNOWN, "", error.detail))
    return TransientFailure(Failure(error.reason, "", error.detail))
