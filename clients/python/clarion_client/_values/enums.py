"""The contract's enums by their short names: `MessageState.SENT == "SENT"`.

A value that a newer service sends and this client does not know reads as `UNRECOGNIZED`; it cannot be sent.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from clarion.v1 import (
    api_key_pb2,
    campaign_pb2,
    campaign_service_pb2,
    category_pb2,
    channel_configuration_pb2,
    channel_configuration_service_pb2,
    execution_service_pb2,
    message_pb2,
    trigger_sample_pb2,
    trigger_service_pb2,
)
from google.protobuf.descriptor import EnumDescriptor


class Category(StrEnum):
    """What a campaign is for."""

    TRANSACTIONAL = "TRANSACTIONAL"
    MARKETING = "MARKETING"
    UNRECOGNIZED = "UNRECOGNIZED"


class CampaignState(StrEnum):
    """Where a campaign stands in its life."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    COMPLETED = "COMPLETED"
    UNRECOGNIZED = "UNRECOGNIZED"


class InDoubtPolicy(StrEnum):
    """What happens to a message when it is unknown whether the provider took it."""

    RESEND = "RESEND"
    PARK = "PARK"
    UNRECOGNIZED = "UNRECOGNIZED"


class Severity(StrEnum):
    """How much a finding matters: an ERROR blocks activation."""

    WARNING = "WARNING"
    ERROR = "ERROR"
    UNRECOGNIZED = "UNRECOGNIZED"


class QueueDisposal(StrEnum):
    """What happens to the queue of a campaign that is stopped."""

    DRAIN = "DRAIN"
    CANCEL = "CANCEL"


class TlsMode(StrEnum):
    """How the connection to an SMTP server is protected."""

    NONE = "NONE"
    STARTTLS = "STARTTLS"
    IMPLICIT = "IMPLICIT"
    UNRECOGNIZED = "UNRECOGNIZED"


class StepKind(StrEnum):
    """Which step of a verification."""

    CONNECT = "CONNECT"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    UNRECOGNIZED = "UNRECOGNIZED"


class RecipientOutcome(StrEnum):
    """What a trigger came to for one recipient."""

    ACCEPTED = "ACCEPTED"
    EXCLUDED = "EXCLUDED"
    REJECTED = "REJECTED"
    UNRECOGNIZED = "UNRECOGNIZED"


class CancelOutcome(StrEnum):
    """Whether a cancellation was in time. PARTIAL is for executions alone."""

    CANCELLED = "CANCELLED"
    TOO_LATE = "TOO_LATE"
    PARTIAL = "PARTIAL"
    UNRECOGNIZED = "UNRECOGNIZED"


class MessageState(StrEnum):
    """Where a message stands. All but QUEUED and SENDING are outcomes, which a message never leaves."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    EXCLUDED = "EXCLUDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"
    UNRECOGNIZED = "UNRECOGNIZED"


class AttemptResult(StrEnum):
    """How an attempt ended."""

    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"
    UNRECOGNIZED = "UNRECOGNIZED"


class FailureReason(StrEnum):
    """Why a hand-off did not succeed, the same for every provider."""

    OTHER = "OTHER"
    RECIPIENT_REJECTED = "RECIPIENT_REJECTED"
    MAILBOX_FULL = "MAILBOX_FULL"
    SENDER_REJECTED = "SENDER_REJECTED"
    CONTENT_REJECTED = "CONTENT_REJECTED"
    THROTTLED = "THROTTLED"
    CONNECTION_FAILED = "CONNECTION_FAILED"
    TIMED_OUT = "TIMED_OUT"
    TLS_FAILED = "TLS_FAILED"
    AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED"
    HAND_OFF_UNKNOWN = "HAND_OFF_UNKNOWN"
    RENDERING_FAILED = "RENDERING_FAILED"
    UNSUPPORTED = "UNSUPPORTED"
    UNRECOGNIZED = "UNRECOGNIZED"


class ExclusionReason(StrEnum):
    """Why a message must not be sent."""

    SUPPRESSED = "SUPPRESSED"
    UNRECOGNIZED = "UNRECOGNIZED"


class EventType(StrEnum):
    """What happened to a message."""

    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    EXCLUDED = "EXCLUDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    IN_DOUBT = "IN_DOUBT"
    UNRECOGNIZED = "UNRECOGNIZED"


class Scope(StrEnum):
    """What an API key may do."""

    AUTHOR = "AUTHOR"
    APPROVE = "APPROVE"
    TRIGGER = "TRIGGER"
    READ = "READ"
    ADMIN = "ADMIN"
    UNRECOGNIZED = "UNRECOGNIZED"


class SampleTool(StrEnum):
    """What a sample of a trigger is made with."""

    GRPCURL = "GRPCURL"
    BUF_CURL = "BUF_CURL"
    CURL = "CURL"
    CURL_AJO = "CURL_AJO"
    PYTHON = "PYTHON"
    TYPESCRIPT = "TYPESCRIPT"
    UNRECOGNIZED = "UNRECOGNIZED"


#: The enum of the contract behind each one. Executions know every outcome of a cancellation, messages the first two.
WIRE_ENUMS: MappingProxyType[type[StrEnum], EnumDescriptor] = MappingProxyType(
    {
        Category: category_pb2.Category.DESCRIPTOR,
        CampaignState: campaign_pb2.Campaign.State.DESCRIPTOR,
        InDoubtPolicy: campaign_pb2.InDoubtPolicy.DESCRIPTOR,
        Severity: campaign_pb2.Finding.Severity.DESCRIPTOR,
        QueueDisposal: campaign_service_pb2.StopCampaignRequest.QueueDisposal.DESCRIPTOR,
        TlsMode: channel_configuration_pb2.SmtpProvider.TlsMode.DESCRIPTOR,
        StepKind: channel_configuration_service_pb2.VerificationStep.Kind.DESCRIPTOR,
        RecipientOutcome: trigger_service_pb2.RecipientResult.Outcome.DESCRIPTOR,
        CancelOutcome: execution_service_pb2.CancelExecutionResponse.Outcome.DESCRIPTOR,
        MessageState: message_pb2.Message.State.DESCRIPTOR,
        AttemptResult: message_pb2.Attempt.Result.DESCRIPTOR,
        FailureReason: message_pb2.Failure.Reason.DESCRIPTOR,
        ExclusionReason: message_pb2.ExclusionReason.DESCRIPTOR,
        EventType: message_pb2.Event.Type.DESCRIPTOR,
        Scope: api_key_pb2.ApiKey.Scope.DESCRIPTOR,
        SampleTool: trigger_sample_pb2.TriggerSample.Tool.DESCRIPTOR,
    }
)
