"""The Python client of Clarion: send API-triggered campaigns, and know what became of every message.

    with Client(api_key=...) as client:
        client.trigger("order-confirmed", to="jane@example.com", context={"order": {"id": 4711}})

`AsyncClient` is the same for asyncio. Values are frozen dataclasses in Python's own types; failures are ClarionError.
"""

from __future__ import annotations

from clarion_client._async.client import AsyncClient
from clarion_client._async.pager import AsyncPager
from clarion_client._async.watch import AsyncEventWatch
from clarion_client._errors import (
    AlreadyExistsError,
    ClarionError,
    ConflictError,
    DeadlineExceededError,
    ErrorDetails,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    PreconditionFailedError,
    UnauthenticatedError,
    UnavailableError,
)
from clarion_client._retry import Retry
from clarion_client._sync.client import Client
from clarion_client._sync.pager import Pager
from clarion_client._sync.watch import EventWatch
from clarion_client._values.campaign import (
    Action,
    Activation,
    Campaign,
    CampaignVersion,
    EmailContent,
    Finding,
    Mailbox,
    RenderedEmail,
    Review,
    Schedule,
    Stop,
)
from clarion_client._values.channel import (
    ChannelConfiguration,
    RetryPolicy,
    SmtpProvider,
    Verification,
    VerificationStep,
)
from clarion_client._values.enums import (
    AttemptResult,
    CampaignState,
    CancelOutcome,
    Category,
    EventType,
    ExclusionReason,
    FailureReason,
    InDoubtPolicy,
    MessageState,
    QueueDisposal,
    RecipientOutcome,
    SampleTool,
    Scope,
    Severity,
    StepKind,
    TlsMode,
)
from clarion_client._values.execution import Execution, ExecutionCancellation, MessageCounts
from clarion_client._values.key import ApiKey, NewApiKey
from clarion_client._values.message import Attempt, Event, Failure, Message, MessageCancellation
from clarion_client._values.report import CampaignReport, HandOffLatency
from clarion_client._values.sample import TriggerSample, TriggerSamples
from clarion_client._values.trigger import Accepted, Recipient, RecipientResult, Trigger, Violation
from clarion_client._values.value import Value

__all__ = [
    "Accepted",
    "Action",
    "Activation",
    "AlreadyExistsError",
    "ApiKey",
    "AsyncClient",
    "AsyncEventWatch",
    "AsyncPager",
    "Attempt",
    "AttemptResult",
    "Campaign",
    "CampaignReport",
    "CampaignState",
    "CampaignVersion",
    "CancelOutcome",
    "Category",
    "ChannelConfiguration",
    "ClarionError",
    "Client",
    "ConflictError",
    "DeadlineExceededError",
    "EmailContent",
    "ErrorDetails",
    "Event",
    "EventType",
    "EventWatch",
    "ExclusionReason",
    "Execution",
    "ExecutionCancellation",
    "Failure",
    "FailureReason",
    "Finding",
    "HandOffLatency",
    "InDoubtPolicy",
    "InvalidRequestError",
    "Mailbox",
    "Message",
    "MessageCancellation",
    "MessageCounts",
    "MessageState",
    "NewApiKey",
    "NotFoundError",
    "OverloadedError",
    "Pager",
    "PermissionDeniedError",
    "PreconditionFailedError",
    "QueueDisposal",
    "Recipient",
    "RecipientOutcome",
    "RecipientResult",
    "RenderedEmail",
    "Retry",
    "RetryPolicy",
    "Review",
    "SampleTool",
    "Schedule",
    "Scope",
    "Severity",
    "SmtpProvider",
    "StepKind",
    "Stop",
    "TlsMode",
    "Trigger",
    "TriggerSample",
    "TriggerSamples",
    "UnauthenticatedError",
    "UnavailableError",
    "Value",
    "Verification",
    "VerificationStep",
    "Violation",
]
