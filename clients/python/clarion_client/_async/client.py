"""Defines the client: one connection to one Clarion service."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import AsyncGenerator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from clarion.v1 import (
    approval_policy_service_pb2,
    approval_policy_service_pb2_grpc,
    identity_namespace_service_pb2,
    identity_namespace_service_pb2_grpc,
    sending_policy_service_pb2,
    sending_policy_service_pb2_grpc,
    topic_service_pb2,
    topic_service_pb2_grpc,
)
from clarion.v1 import trigger_service_pb2 as wire

from clarion_client._async.allow_lists import AsyncAllowLists
from clarion_client._async.approvals import AsyncApprovals
from clarion_client._async.attachments import AsyncAttachments
from clarion_client._async.audiences import AsyncAudiences
from clarion_client._async.calls import AsyncCalls
from clarion_client._async.campaigns import AsyncCampaigns
from clarion_client._async.channels import AsyncChannels
from clarion_client._async.consents import AsyncConsents
from clarion_client._async.executions import AsyncExecutions
from clarion_client._async.fragments import AsyncFragments
from clarion_client._async.keys import AsyncKeys
from clarion_client._async.messages import AsyncMessages
from clarion_client._async.profiles import AsyncProfiles
from clarion_client._async.proofs import AsyncProofs
from clarion_client._async.reports import AsyncReports
from clarion_client._async.resources import AsyncArchivableResources, AsyncDeletableResources, ResourceKind
from clarion_client._async.runtime import Source
from clarion_client._async.suppressions import AsyncSuppressions
from clarion_client._async.test_cases import AsyncTestCases
from clarion_client._async.triggers import AsyncTriggers
from clarion_client._conversion import message_of, timestamp
from clarion_client._errors import ClarionError
from clarion_client._json_data import struct_of
from clarion_client._names import full_name
from clarion_client._recipients import recipients_of
from clarion_client._retry import Retry
from clarion_client._settings import DEFAULT_RETRY, DEFAULT_TARGET, DEFAULT_TIMEOUT, Settings, environment_settings
from clarion_client._values import (
    Accepted,
    ApprovalPolicy,
    AudienceAccepted,
    IdentityNamespace,
    Recipient,
    SendingPolicy,
    Topic,
    Trigger,
)


class AsyncClient:
    """Calls a Clarion service with one API key.

        async with AsyncClient("clarion.example:443", api_key=...) as client:
            await client.trigger("order-confirmed", to="jane@example.com", context={"order": {"id": 4711}})

    It connects with the first call and stays connected until `close`. One client serves any number of concurrent
    calls.

    - `target`: host and port of the service, such as `clarion.example:443`, or another target that gRPC knows.
    - `tls`: None encrypts unless the service is on this machine. `ca_certificates` is the path of a PEM bundle that
      replaces the certificates that gRPC trusts.
    - `timeout`: seconds for a call and all its tries, unless the call gives its own.
    - `retry`: the delays between tries after transient failures; None makes each call once.

    Failed calls raise ClarionError. Data that cannot be sent as given raises FieldError, before anything is sent.
    """

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        api_key: str | None = None,
        tls: bool | None = None,
        ca_certificates: str | os.PathLike[str] | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retry: Retry | None = DEFAULT_RETRY,
    ) -> None:
        self._calls = AsyncCalls(Settings(target, api_key, tls, ca_certificates, timeout, retry))
        self._triggers = AsyncTriggers(self._calls)
        self.attachments = AsyncAttachments(self._calls)
        self.campaigns = AsyncCampaigns(self._calls)
        self.approvals = AsyncApprovals(self._calls)
        self.approval_policies = AsyncDeletableResources(
            self._calls, ResourceKind(ApprovalPolicy, approval_policy_service_pb2, approval_policy_service_pb2_grpc)
        )
        """Writes approval policies, which say whose approval a draft needs."""
        self.channels = AsyncChannels(self._calls)
        self.executions = AsyncExecutions(self._calls)
        self.messages = AsyncMessages(self._calls)
        self.profiles = AsyncProfiles(self._calls)
        self.proofs = AsyncProofs(self._calls)
        self.reports = AsyncReports(self._calls)
        self.allow_list = AsyncAllowLists(self._calls)
        self.suppressions = AsyncSuppressions(self._calls)
        self.keys = AsyncKeys(self._calls)
        self.test_cases = AsyncTestCases(self._calls)
        self.topics = AsyncArchivableResources(
            self._calls, ResourceKind(Topic, topic_service_pb2, topic_service_pb2_grpc)
        )
        """Writes topics, which people subscribe to. What people chose about an archived topic stays."""
        self.fragments = AsyncFragments(self._calls)
        self.identity_namespaces = AsyncDeletableResources(
            self._calls,
            ResourceKind(IdentityNamespace, identity_namespace_service_pb2, identity_namespace_service_pb2_grpc),
        )
        """Writes namespaces of identities, which say when two identities are the same. Of one that is stored only the
        display name changes.
        """
        self.sending_policies = AsyncDeletableResources(
            self._calls, ResourceKind(SendingPolicy, sending_policy_service_pb2, sending_policy_service_pb2_grpc)
        )
        """Writes sending policies, which say when messages may leave and how many."""
        self.audiences = AsyncAudiences(self._calls)
        self.consents = AsyncConsents(self._calls)

    @classmethod
    def from_environment(cls) -> Self:
        """Makes a client from `CLARION_TARGET`, `CLARION_API_KEY` and `CLARION_CA_CERTIFICATES`, where they are set."""
        return cls(**environment_settings(os.environ))

    async def trigger(
        self,
        campaign: str,
        recipients: Iterable[Recipient] | None = None,
        *,
        to: str = "",
        context: Mapping[str, Any] | None = None,
        profile: Mapping[str, Any] | None = None,
        locale: str = "",
        request_id: str = "",
        send_time: dt.datetime | None = None,
        expire_time: dt.datetime | None = None,
        allow_partial: bool = False,
        validate_only: bool = False,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Accepted:
        """Sends a campaign to one person (`to`, an e-mail address or an identity, with `context`, `profile`,
        `locale`), or to up to 1,000 `recipients`. Returns when the service has stored it durably.

        The call is safe to repeat under the same `request_id`. Without one, the client makes one up for all tries of
        this call; a failure has it as `request_id`. One invalid recipient makes the service refuse the whole call,
        unless `allow_partial`. Messages and events carry the `labels`, which are never rendered.
        """
        trigger = Trigger(
            campaign,
            recipients_of(recipients, to, context, profile, locale),
            request_id,
            send_time=send_time,
            expire_time=expire_time,
            allow_partial=allow_partial,
            validate_only=validate_only,
            labels=labels or {},
        )
        return await self._triggers.send(trigger, timeout)

    async def trigger_audience(
        self,
        campaign: str,
        audience: str,
        *,
        max_recipients: int,
        context: Mapping[str, Any] | None = None,
        locale: str = "",
        request_id: str = "",
        send_time: dt.datetime | None = None,
        expire_time: dt.datetime | None = None,
        validate_only: bool = False,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> AudienceAccepted:
        """Sends a campaign to the members of an audience, of whom there may be `max_recipients` at most. Returns when
        the service has stored the execution durably: `executions.get` tells how far its `audience_run` has come, and
        `executions.cancel` ends it.

        The call is safe to repeat, as `trigger` is. With `validate_only` it counts the members and sends nothing, which
        takes a minute for a million.
        """
        request = message_of(
            wire.TriggerAudienceRequest,
            campaign=full_name("campaigns", campaign),
            audience=full_name("audiences", audience),
            max_recipients=max_recipients,
            context=None if context is None else struct_of(context, "context"),
            locale=locale,
            request_id=request_id,
            send_time=timestamp(send_time, "send_time"),
            expire_time=timestamp(expire_time, "expire_time"),
            validate_only=validate_only,
            labels=labels or {},
        )
        return await self._triggers.send_to_audience(request, timeout)

    def trigger_stream(
        self, triggers: Source[Trigger], *, window: int = 256, max_outage: float = 60.0
    ) -> AsyncGenerator[tuple[Trigger, Accepted | ClarionError]]:
        """Sends triggers one after the other and yields each with its answer, in order. The answer to a refused
        trigger is its error, and the stream goes on.

        At most `window` triggers are read ahead of the answers. After a lost connection the unanswered ones are sent
        again under their request ids, until the service has been away for `max_outage` seconds. An exception of
        `triggers`, and one of a trigger that cannot be sent, is raised after the answers to the triggers before it.
        """
        return self._triggers.stream(triggers, window, max_outage)

    async def close(self) -> None:
        """Ends the calls in flight and closes the connection. May be called again."""
        await self._calls.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
