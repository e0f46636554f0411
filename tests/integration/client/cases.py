"""Calls with the requests that they send and the values that they return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from clarion.v1 import (
    allow_list_service_pb2,
    api_key_service_pb2,
    approval_policy_service_pb2,
    approval_service_pb2,
    attachment_service_pb2,
    audience_service_pb2,
    campaign_service_pb2,
    channel_configuration_service_pb2,
    consent_service_pb2,
    execution_service_pb2,
    identity_namespace_service_pb2,
    message_service_pb2,
    profile_service_pb2,
    proof_service_pb2,
    report_service_pb2,
    sending_policy_service_pb2,
    suppression_service_pb2,
    topic_service_pb2,
)
from clarion_client import AsyncClient
from google.protobuf.message import Message


@dataclass
class Case:
    """One call, its request, the answer of the service and the value that the call returns."""

    rpc: str
    call: Callable[[AsyncClient], Any]
    request: Message
    answer: Message
    #: The expected value, or a predicate that it must satisfy.
    value: Any

    def fits(self, value: Any) -> bool:
        return bool(self.value(value)) if callable(self.value) else value == self.value


def holds(**attributes: Any) -> Callable[[Any], bool]:
    return lambda value: all(getattr(value, name) == expected for name, expected in attributes.items())


#: The services whose methods the cases call.
_SERVICES = (
    allow_list_service_pb2,
    api_key_service_pb2,
    attachment_service_pb2,
    audience_service_pb2,
    approval_policy_service_pb2,
    approval_service_pb2,
    campaign_service_pb2,
    channel_configuration_service_pb2,
    consent_service_pb2,
    execution_service_pb2,
    identity_namespace_service_pb2,
    message_service_pb2,
    profile_service_pb2,
    proof_service_pb2,
    report_service_pb2,
    sending_policy_service_pb2,
    suppression_service_pb2,
    topic_service_pb2,
)


def rpcs() -> Iterator[str]:
    """Yields the names of all RPCs of these services."""
    for module in _SERVICES:
        for description in module.DESCRIPTOR.services_by_name.values():
            yield from (method.name for method in description.methods)
