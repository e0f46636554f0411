"""Verifies an SMTP configuration, with advice about a failed step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from clarion_server.adapters.channels.email.smtp.failures import Step
from clarion_server.adapters.channels.email.smtp.session import SmtpSession
from clarion_server.adapters.channels.trial import StepFailed, run_steps
from clarion_server.application.ports.channels import TransientFailure, VerificationStep
from clarion_server.domain.messages.attempt import Failure, FailureReason

_REMEDIES: Mapping[tuple[Step, FailureReason], str] = {
    (Step.CONNECT, FailureReason.CONNECTION_FAILED): "Check host and port, and that no firewall blocks them",
    (Step.CONNECT, FailureReason.TIMED_OUT): "Check host and port, that no firewall blocks them, and that a port "
    "which wants TLS from the first byte is used with TLS_MODE_IMPLICIT",
    (
        Step.CONNECT,
        FailureReason.TLS_FAILED,
    ): "Check that the host is named as in its certificate, that ca_certificates "
    "holds its authority, and that the port wants TLS from the first byte",
    (Step.CONNECT, FailureReason.OTHER): "Check that the port belongs to an SMTP server",
    (
        Step.STARTTLS,
        FailureReason.TLS_FAILED,
    ): "Check that the host is named as in its certificate, that ca_certificates "
    "holds its authority, and that the port offers STARTTLS",
    (Step.EHLO, FailureReason.CONNECTION_FAILED): "If the server refuses the name, set ehlo_name to a host name that "
    "leads to this machine",
    (Step.AUTH, FailureReason.AUTHENTICATION_FAILED): "Check user name and password, and that the account may send",
}
_OTHER_REMEDY = "Ask whoever runs the server, with this answer"


async def verify(session: SmtpSession) -> list[VerificationStep]:
    """Runs the session's steps up to the first that fails, and closes the session."""
    try:
        done = await run_steps((step.lower(), partial(_perform, session, step, run)) for step, run in session.steps())
        if done[-1].passed:
            await session.quit()
    finally:
        session.abort()
    return done


async def _perform(session: SmtpSession, step: Step, run: Callable[[], Awaitable[str]]) -> str:
    try:
        return await session.perform(step, run)
    except TransientFailure as error:
        raise StepFailed(_advice(step, error.failure)) from error


def _advice(step: Step, failure: Failure) -> str:
    found = f"{failure.code} {failure.detail}".strip()
    return f"{found}. {_REMEDIES.get((step, failure.reason), _OTHER_REMEDY)}."
