"""Maps errors of opening a session to failures. They say nothing about a message, so they are all transient."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import aiosmtplib

from clarion_server.adapters.channels.email.smtp.failures import HandOffBroken, Step, refused
from clarion_server.adapters.channels.email.smtp.replies import Reply
from clarion_server.adapters.channels.failure_detail import one_line
from clarion_server.domain.messages.attempt import Failure, FailureReason

#: Holds the errors of a session's steps. ValueError is raised for a malformed host name or CA bundle, and RuntimeError
#: by uvloop for a socket that was just closed.
SETUP_ERRORS = (HandOffBroken, aiosmtplib.SMTPException, OSError, ValueError, RuntimeError)


def setup_failure(step: Step, error: Exception, hide: Callable[[str], str]) -> Failure:
    """Returns the failure for one of SETUP_ERRORS that was raised at `step`.

    `hide` returns a text without credentials. It gets what the server said before that is shortened.
    """
    if isinstance(error, HandOffBroken):
        return Failure(error.reason, "", error.detail)
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return refused(step, Reply(error.code, hide(error.message).encode("utf-8", "replace"))).failure
    return Failure(_reason(step, error), "", one_line(hide(_description(error))))


def _reason(step: Step, error: Exception) -> FailureReason:
    if _tls_error(error) or (step is Step.STARTTLS and not isinstance(error, TimeoutError)):
        return FailureReason.TLS_FAILED
    if isinstance(error, TimeoutError):
        return FailureReason.TIMED_OUT
    if isinstance(error, aiosmtplib.SMTPResponseException):
        # aiosmtplib sets a negative code when the server did not send an SMTP reply.
        return FailureReason.OTHER
    return FailureReason.CONNECTION_FAILED


def _tls_error(error: Exception) -> ssl.SSLError | None:
    """Returns the TLS error, which aiosmtplib wraps while it connects."""
    return next((each for each in (error, error.__cause__) if isinstance(each, ssl.SSLError)), None)


def _description(error: Exception) -> str:
    cause = _tls_error(error) or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The server's certificate is not accepted: {cause.verify_message}"
    if isinstance(cause, aiosmtplib.SMTPServerDisconnected):
        return "The server closed the connection"
    if isinstance(cause, aiosmtplib.SMTPException):
        return cause.message
    if isinstance(cause, TimeoutError):
        return "The server did not answer in time"
    return str(cause) or type(cause).__name__
