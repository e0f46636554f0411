"""Explains errors of the client and the service: what is wrong, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from clarion_client import (
    ClarionError,
    DeadlineExceededError,
    FieldError,
    OverloadedError,
    UnauthenticatedError,
    UnavailableError,
    WrongTargetError,
)
from grpc import StatusCode

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed, Problem

HINTS: Mapping[str, str] = MappingProxyType(
    {
        "UNAUTHENTICATED": "Give a valid key with --api-key, or set CLARION_API_KEY.",
        "SCOPE_DENIED": "Use a key with one of these scopes, or create one: clarion keys create --help",
        "SANDBOX_DENIED": "Use an administrator key of the sandbox `default`.",
        "ETAG_MISMATCH": "Somebody else has changed it in the meantime. Run the command again.",
        "ERASURE_KEYS_MISSING": "Give the service a file of keys by CLARION_ERASURE_KEYS, and start it again.",
        "CAMPAIGN_OUTDATED": "See what is wrong with it: clarion review {campaign}",
        "REQUEST_ID_REUSED": "Use a new request id, or none.",
        "INVALID_RESUME_TOKEN": "Use the same filters as the watch that gave the token.",
        "RESUME_TOKEN_EXPIRED": "Watch with --from-start, or without a token.",
        "OVERLOADED": "Try again in a moment.",
        "INTERNAL": "Look up the request id in the log of the service.",
    }
)
#: Hints by the state of a campaign that is not live. `{campaign}` is its id.
STATE_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "DRAFT": "Activate it first: clarion activate {campaign}",
        "SCHEDULED": "It becomes live at its start time.",
        "PAUSED": "Resume it first: clarion resume {campaign}",
        "STOPPED": "It has ended for good. Make a copy of it: clarion campaigns duplicate {campaign} NEW-ID",
        "COMPLETED": "Its schedule has ended. Make a copy of it: clarion campaigns duplicate {campaign} NEW-ID",
        "ARCHIVED": "It is put aside. Make a copy of it: clarion campaigns duplicate {campaign} NEW-ID",
    }
)
#: Holds the commands that list what there is, by the collections of resource names.
LISTS: Mapping[str, str] = MappingProxyType(
    {
        "campaigns": "campaigns",
        "channelConfigurations": "channels",
        "topics": "topics",
        "sendingPolicies": "policies",
        "approvalPolicies": "approvals policies",
        "audiences": "audiences",
        "fragments": "fragments",
        "attachments": "attachments",
        "apiKeys": "keys",
    }
)
WORKER_HINT = (
    "It may be a worker, which answers health checks alone, or an older service. Give the address of another one:"
    " --target"
)
#: Is about calls of which nobody knows whether the service made them.
REPEAT_HINT = (
    "The service may have done it nevertheless. Run the command again if it shows, applies or imports something, or"
    " sends the lines of a file: nothing is done twice. Otherwise look first whether it was done."
)
#: What gRPC says of calls that never left begins with these.
NEVER_SENT = ("failed to connect", "errors resolving", "DNS resolution failed")
UNREACHABLE_HINT = "Check that it runs (clarion serve), and that --target or CLARION_TARGET is its address."
#: Holds hints by what gRPC says of connections that come to nothing although a server is there.
CONNECTION_HINTS: Mapping[str, str] = MappingProxyType(
    {
        # A server with TLS ends a connection without it.
        "Socket closed": "If the service has TLS, name the authority of its certificate: --ca-certificates",
        "CERTIFICATE_VERIFY_FAILED": "Name the authority of the service's certificate: --ca-certificates",
        "Hostname Verification Check failed": "Give the service's address by a name that its certificate has: --target",
    }
)


@contextmanager
def repeatable_by_request_id() -> Iterator[None]:
    """Is around the call of a command with the option --request-id: when nobody knows whether the service made it, the
    failure tells how to repeat it.
    """
    try:
        yield
    except (UnavailableError, DeadlineExceededError) as error:
        failure = _service_failure(error)
        if failure.hint == REPEAT_HINT:
            again = f"To repeat it safely: --request-id {error.request_id}"
            failure.hint = f"The service may have done it nevertheless. {again}"
        raise failure from error


def explain(error: Exception) -> CommandFailed | None:
    """Returns the failure to show for an error of the client or the service, and None for any other error."""
    match error:
        case ClarionError():
            return _service_failure(error)
        case FieldError():
            problems = [Problem(each.path, f"It {each.problem}.") for each in error.errors]
            return CommandFailed("The data cannot be sent.", problems)
        case ValueError():
            # The client checks names and addresses before it sends anything.
            return CommandFailed(f"{error}.")
        case _:
            return None


def problems_of(error: ClarionError) -> list[Problem]:
    return [
        *(Problem(violation.field, violation.description) for violation in error.violations),
        *(Problem(finding.field, f"{finding.message} ({finding.code})") for finding in error.findings),
    ]


def _service_failure(error: ClarionError) -> CommandFailed:
    if isinstance(error, UnavailableError | WrongTargetError) and not error.reason:
        if isinstance(error, UnavailableError) and not error.message.startswith(NEVER_SENT):
            lost = "The connection to the service was lost before it answered."
            return CommandFailed(lost, detail=error.message, hint=REPEAT_HINT, status=Exit.UNREACHABLE)
        hint = next((hint for sign, hint in CONNECTION_HINTS.items() if sign in error.message), UNREACHABLE_HINT)
        return CommandFailed("The service cannot be reached.", detail=error.message, hint=hint, status=Exit.UNREACHABLE)
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
        # The rest of the message is for callers who write gRPC metadata themselves.
        return f"{error.message.partition('. ')[0].rstrip('.')}."
    if _is_unknown_call(error):
        return "The service at this address does not know the call."
    if problem_count:
        # The message repeats the first of the problems, which are all listed.
        return "The service refuses the request."
    return error.message


def _hint(error: ClarionError) -> str:
    collection, _, resource_id = error.metadata.get("resource", "").partition("/")
    if error.reason == "CAMPAIGN_NOT_LIVE":
        return STATE_HINTS.get(error.metadata.get("state", ""), "").format(campaign=resource_id)
    if error.reason == "RESOURCE_NOT_FOUND":
        command = LISTS.get(collection)
        names = f" (clarion {command} list shows all)" if command else ""
        return f"Check the name{names}, and whether the key belongs to the right sandbox."
    if isinstance(error, UnavailableError | DeadlineExceededError):
        return REPEAT_HINT
    if _is_unknown_call(error):
        return WORKER_HINT
    return HINTS.get(error.reason, "").format(campaign=resource_id)


def _is_unknown_call(error: ClarionError) -> bool:
    """Returns whether gRPC refused the call itself, as no handler has its method."""
    return not error.reason and error.code is StatusCode.UNIMPLEMENTED


def _status(error: ClarionError) -> Exit:
    if error.reason == "REVIEW_FAILED":
        return Exit.BAD_NEWS
    is_temporary = isinstance(error, UnavailableError | DeadlineExceededError | OverloadedError)
    return Exit.UNREACHABLE if is_temporary or error.reason == "INTERNAL" else Exit.REFUSED
