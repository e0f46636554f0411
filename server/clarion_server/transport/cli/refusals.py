"""What the service refuses, and why it does not answer, in words that tell what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from clarion_client import (
    ClarionError,
    DeadlineExceededError,
    OverloadedError,
    UnauthenticatedError,
    UnavailableError,
    WrongTargetError,
)

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed, Problem

HINTS: Mapping[str, str] = MappingProxyType(
    {
        "UNAUTHENTICATED": "Give a key that works with --api-key, or set CLARION_API_KEY.",
        "SCOPE_DENIED": "Use a key that has one of the scopes, or create one: clarion keys create --help",
        "SANDBOX_DENIED": "Use an administrator key of the sandbox `default`.",
        "RESOURCE_NOT_FOUND": "Is the name right, and the key one of the sandbox that has it?",
        "ETAG_MISMATCH": "Somebody changed it just now. Run the command again.",
        "REQUEST_ID_REUSED": "Give a new request id, or none.",
        "INVALID_RESUME_TOKEN": "Use the same filters as the watch that gave the token.",
        "RESUME_TOKEN_EXPIRED": "Watch with --from-start, or without a token.",
        "OVERLOADED": "Try again in a moment.",
        "INTERNAL": "Look for the request id in the log of the service.",
    }
)
#: By the state that a campaign is in and that refuses triggers.
STATE_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "DRAFT": "Activate it first: clarion activate",
        "SCHEDULED": "It becomes live at its start time.",
        "PAUSED": "Let it go on first: clarion resume",
    }
)
UNREACHABLE_HINT = "Does it run (clarion serve), and is --target or CLARION_TARGET its address?"


def explained(error: Exception) -> CommandFailed | None:
    """None for what is no answer of the service and no refusal of the client to send."""
    if isinstance(error, ClarionError):
        return _of_service(error)
    if isinstance(error, ValueError):
        # The client's own checks, before anything is sent.
        return CommandFailed(f"{error}.")
    return None


def problems_of(error: ClarionError) -> list[Problem]:
    return [
        *(Problem(violation.field, violation.description) for violation in error.violations),
        *(Problem(finding.field, f"{finding.message} ({finding.code})") for finding in error.findings),
    ]


def _of_service(error: ClarionError) -> CommandFailed:
    if isinstance(error, UnavailableError | WrongTargetError) and not error.reason:
        return CommandFailed(
            "The service cannot be reached.", detail=error.message, hint=UNREACHABLE_HINT, status=Exit.UNREACHABLE
        )
    problems = problems_of(error)
    return CommandFailed(
        _summary(error, len(problems)),
        problems,
        hint=_hint(error),
        reason=error.reason or error.code.name,
        detail=f"request id {error.request_id}" if error.reason == "INTERNAL" else "",
        status=_status(error),
    )


def _summary(error: ClarionError, problem_count: int) -> str:
    if isinstance(error, DeadlineExceededError):
        return "The service did not answer in time."
    if error.reason == "REVIEW_FAILED":
        return f"{error.metadata['resource']} cannot be activated: review found errors."
    if isinstance(error, UnauthenticatedError):
        # What follows is for callers who write their own metadata.
        return f"{error.message.partition('. ')[0].rstrip('.')}."
    if problem_count:
        # The message holds the first of them, which are all listed.
        return "The service refuses what it was given."
    return error.message


def _hint(error: ClarionError) -> str:
    if error.reason == "CAMPAIGN_NOT_LIVE":
        return STATE_HINTS.get(error.metadata.get("state", ""), "")
    if isinstance(error, UnavailableError | DeadlineExceededError):
        return f"It may have been done all the same. To repeat a trigger safely: --request-id {error.request_id}"
    return HINTS.get(error.reason, "")


def _status(error: ClarionError) -> Exit:
    if error.reason == "REVIEW_FAILED":
        return Exit.BAD_NEWS
    passing = isinstance(error, UnavailableError | DeadlineExceededError | OverloadedError)
    return Exit.UNREACHABLE if passing or error.reason == "INTERNAL" else Exit.REFUSED
