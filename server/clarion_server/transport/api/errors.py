"""Maps the domain's errors to gRPC codes, reasons and details (google.rpc.Status, AIP-193)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message as ProtobufMessage
from google.rpc import error_details_pb2, status_pb2

from clarion_server.domain import errors
from clarion_server.domain.instant import to_rfc3339

#: `ErrorInfo.domain` of every error.
DOMAIN = "clarion.dev"

#: The largest status in the trailers. gRPC's default limit for all metadata is 8 KiB.
MAX_STATUS_BYTES = 6 * 1024
#: A status lists at most this many violations on any transport.
_MAX_LISTED = 1_000
#: Texts have at most this many characters. The path of a field contains names that its caller chose.
_MAX_TEXT = 1_000

_CODE = grpc.StatusCode
_Metadata = Callable[[Any], Mapping[str, str]]


def _nothing(_error: errors.ClarionError) -> Mapping[str, str]:
    return {}


def _resource(error: Any) -> Mapping[str, str]:
    return {"resource": error.resource}


def _policies(error: Any) -> Mapping[str, str]:
    return {"resource": error.resource, "policies": ",".join(error.policies)}


def _transition(error: errors.IllegalTransition) -> Mapping[str, str]:
    return {
        "resource": error.resource,
        "transition": error.transition,
        "state": error.state,
        "allowed_states": ",".join(error.allowed_states),
    }


def _window(error: errors.CampaignOutsideWindow) -> Mapping[str, str]:
    bounds = {"start_time": error.start_time, "end_time": error.end_time}
    return {"resource": error.resource} | {key: to_rfc3339(time) for key, time in bounds.items() if time is not None}


def _denial(error: errors.DenialStands) -> Mapping[str, str]:
    first = error.denials[0]
    scope = {"channel": first.channel, "topic": first.topic}
    return {"field": first.field} | {key: text for key, text in scope.items() if text}


@dataclass(frozen=True, slots=True)
class Mapped:
    """Holds the code, the reason and the metadata of one type of error."""

    code: grpc.StatusCode
    reason: str
    metadata: _Metadata = _nothing


#: Holds the details that have lists, and the names of these lists.
_LISTS: tuple[tuple[type[ProtobufMessage], str], ...] = (
    (error_details_pb2.BadRequest, "field_violations"),
    (error_details_pb2.PreconditionFailure, "violations"),
)

ERRORS: Mapping[type[errors.ClarionError], Mapped] = {
    errors.InvalidFields: Mapped(
        _CODE.INVALID_ARGUMENT, "INVALID_FIELDS", lambda e: {"violation_count": str(len(e.violations))}
    ),
    errors.InvalidPageToken: Mapped(_CODE.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"),
    errors.InvalidResumeToken: Mapped(_CODE.INVALID_ARGUMENT, "INVALID_RESUME_TOKEN"),
    errors.ResumeTokenExpired: Mapped(_CODE.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED"),
    errors.ResourceNotFound: Mapped(_CODE.NOT_FOUND, "RESOURCE_NOT_FOUND", _resource),
    errors.ResourceExists: Mapped(_CODE.ALREADY_EXISTS, "RESOURCE_EXISTS", _resource),
    errors.IdentityTaken: Mapped(
        _CODE.ALREADY_EXISTS, "IDENTITY_TAKEN", lambda e: {"field": e.field, "owner": e.owner}
    ),
    errors.ProfileUnknown: Mapped(_CODE.NOT_FOUND, "PROFILE_UNKNOWN"),
    errors.DenialStands: Mapped(_CODE.FAILED_PRECONDITION, "DENIAL_STANDS", _denial),
    errors.ErasureKeysMissing: Mapped(_CODE.FAILED_PRECONDITION, "ERASURE_KEYS_MISSING", _resource),
    errors.TooManyIdentities: Mapped(
        _CODE.FAILED_PRECONDITION,
        "TOO_MANY_IDENTITIES",
        lambda e: {"resource": e.resource, "identity_count": str(e.identity_count)},
    ),
    errors.EtagMismatch: Mapped(_CODE.ABORTED, "ETAG_MISMATCH", _resource),
    errors.IllegalTransition: Mapped(_CODE.FAILED_PRECONDITION, "ILLEGAL_TRANSITION", _transition),
    errors.ReviewFailed: Mapped(
        _CODE.FAILED_PRECONDITION,
        "REVIEW_FAILED",
        lambda e: {"resource": e.resource, "error_count": str(len(e.findings))},
    ),
    errors.ApprovalRequired: Mapped(
        _CODE.FAILED_PRECONDITION,
        "APPROVAL_REQUIRED",
        lambda e: {
            **_policies(e),
            **({"approvers": ",".join(e.approvers[: errors.MOST_NAMED])} if e.approvers else {}),
        },
    ),
    errors.ApprovalStale: Mapped(_CODE.ABORTED, "APPROVAL_STALE", _resource),
    errors.SelfApproval: Mapped(
        _CODE.PERMISSION_DENIED, "SELF_APPROVAL", lambda e: {"resource": e.resource, "policy": e.policy}
    ),
    errors.ApproverNotNamed: Mapped(_CODE.PERMISSION_DENIED, "APPROVER_NOT_NAMED", _policies),
    errors.ChannelConfigurationInUse: Mapped(
        _CODE.FAILED_PRECONDITION,
        "CHANNEL_CONFIGURATION_IN_USE",
        lambda e: {"resource": e.resource, "user": e.user},
    ),
    errors.SendingPolicyInUse: Mapped(
        _CODE.FAILED_PRECONDITION, "SENDING_POLICY_IN_USE", lambda e: {"resource": e.resource, "user": e.user}
    ),
    errors.NamespaceInUse: Mapped(
        _CODE.FAILED_PRECONDITION, "NAMESPACE_IN_USE", lambda e: {"resource": e.resource, "user": e.user}
    ),
    errors.AttachmentInUse: Mapped(
        _CODE.FAILED_PRECONDITION, "ATTACHMENT_IN_USE", lambda e: {"resource": e.resource, "user": e.user}
    ),
    errors.FragmentInUse: Mapped(
        _CODE.FAILED_PRECONDITION,
        "FRAGMENT_IN_USE",
        lambda e: {"resource": e.resource, "user": e.users[0], "use_count": str(e.use_count)},
    ),
    errors.AudienceConditionInvalid: Mapped(
        _CODE.INVALID_ARGUMENT,
        "AUDIENCE_CONDITION_INVALID",
        lambda e: {"line": str(e.line), "column": str(e.column)},
    ),
    errors.AudienceInUse: Mapped(
        _CODE.FAILED_PRECONDITION, "AUDIENCE_IN_USE", lambda e: {"resource": e.resource, "user": e.user}
    ),
    errors.CampaignNotLive: Mapped(
        _CODE.FAILED_PRECONDITION, "CAMPAIGN_NOT_LIVE", lambda e: {"resource": e.resource, "state": e.state}
    ),
    errors.CampaignOutsideWindow: Mapped(_CODE.FAILED_PRECONDITION, "CAMPAIGN_OUTSIDE_WINDOW", _window),
    errors.CampaignOutdated: Mapped(_CODE.FAILED_PRECONDITION, "CAMPAIGN_OUTDATED", _resource),
    errors.RequestIdReused: Mapped(
        _CODE.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
        lambda e: {"resource": e.resource, "request_id": e.request_id, "execution": e.execution},
    ),
    errors.NoExample: Mapped(_CODE.FAILED_PRECONDITION, "NO_EXAMPLE", _resource),
    errors.Unauthenticated: Mapped(_CODE.UNAUTHENTICATED, "UNAUTHENTICATED"),
    errors.ScopeDenied: Mapped(
        _CODE.PERMISSION_DENIED,
        "SCOPE_DENIED",
        lambda e: {"method": e.method, "needed_scopes": ",".join(e.needed_scopes)},
    ),
    errors.SandboxDenied: Mapped(_CODE.PERMISSION_DENIED, "SANDBOX_DENIED", lambda e: {"sandbox": e.sandbox}),
    errors.SandboxMismatch: Mapped(_CODE.PERMISSION_DENIED, "SANDBOX_MISMATCH", lambda e: {"sandbox": e.sandbox}),
    errors.LastAdminKey: Mapped(_CODE.FAILED_PRECONDITION, "LAST_ADMIN_KEY", _resource),
    errors.DeadlineTooShort: Mapped(
        _CODE.DEADLINE_EXCEEDED, "DEADLINE_TOO_SHORT", lambda e: {"needed_ms": str(e.needed_ms)}
    ),
    errors.TooManyProofs: Mapped(_CODE.RESOURCE_EXHAUSTED, "TOO_MANY_PROOFS"),
    errors.Overloaded: Mapped(_CODE.RESOURCE_EXHAUSTED, "OVERLOADED"),
    errors.Unavailable: Mapped(_CODE.UNAVAILABLE, "UNAVAILABLE"),
}


def status_of(error: errors.ClarionError) -> status_pb2.Status:
    """Returns the status of an error, with all its details."""
    mapped = ERRORS[type(error)]
    info = error_details_pb2.ErrorInfo(reason=mapped.reason, domain=DOMAIN, metadata=dict(mapped.metadata(error)))
    return _status(mapped.code, str(error), info, *_details_of(error))


def trim_to_trailers(status: status_pb2.Status) -> status_pb2.Status:
    """Removes violations from the status until it fits into trailers, and returns it.

    gRPC clients drop larger trailers with all they hold. The ErrorInfo still has the number of all violations.
    """
    for packed in status.details:
        for kind, field in _LISTS:
            if packed.Is(kind.DESCRIPTOR):
                detail = kind()
                packed.Unpack(detail)
                entries = getattr(detail, field)
                while entries and status.ByteSize() > MAX_STATUS_BYTES:
                    del entries[len(entries) * 3 // 4 :]
                    packed.Pack(detail)
    return status


def internal_status(request_id: str) -> status_pb2.Status:
    """Returns the status of an unexpected error: a constant text, and the id under which the log has the details."""
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN, metadata={"request_id": request_id})
    return _status(_CODE.INTERNAL, "A fault in Clarion. The log has more under this request id.", info)


def field_violation(violation: Any) -> error_details_pb2.BadRequest.FieldViolation:
    return error_details_pb2.BadRequest.FieldViolation(
        field=violation.field[:_MAX_TEXT], reason=violation.reason, description=violation.description[:_MAX_TEXT]
    )


def _details_of(error: errors.ClarionError) -> list[ProtobufMessage]:
    match error:
        case errors.InvalidFields(violations) | errors.AudienceConditionInvalid(violations=violations):
            return [error_details_pb2.BadRequest(field_violations=map(field_violation, violations[:_MAX_LISTED]))]
        case errors.ReviewFailed(findings=findings):
            return [
                error_details_pb2.PreconditionFailure(
                    violations=[
                        error_details_pb2.PreconditionFailure.Violation(
                            type=finding.code.value,
                            subject=finding.field,
                            description=f"{finding.place}{finding.message} {finding.remedy}",
                        )
                        for finding in findings
                    ]
                )
            ]
        case errors.DenialStands(denials):
            return [
                error_details_pb2.PreconditionFailure(
                    violations=[
                        error_details_pb2.PreconditionFailure.Violation(
                            type="DENIAL_STANDS", subject=denial.field, description=_denied(denial)
                        )
                        for denial in denials
                    ]
                )
            ]
        case errors.Overloaded(delay) | errors.TooManyProofs(delay) | errors.Unavailable(delay):
            return [
                error_details_pb2.RetryInfo(
                    retry_delay=duration_pb2.Duration(nanos=delay % 1000 * 1_000_000, seconds=delay // 1000)
                )
            ]
        case _:
            return []


def _denied(denial: errors.StandingDenial) -> str:
    scope = " on ".join(text for text in (denial.topic, denial.channel) if text) or "every message"
    return f"The person has denied {scope}. Only the person's own act answers a denial."


def _status(code: grpc.StatusCode, message: str, *details: ProtobufMessage) -> status_pb2.Status:
    status = status_pb2.Status(code=code.value[0], message=message[:_MAX_TEXT])
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status
