"""The calls that every measurement sends: the same bytes to the echo and to Clarion."""

from __future__ import annotations

from clarion.v1 import trigger_service_pb2
from google.protobuf import json_format

CAMPAIGN_ID = "order-confirmed"
CONTEXT = {"order_id": "A-2026-10472", "name": "Jane", "total": 129.9, "currency": "EUR"}
RECIPIENTS_PER_CALL = 20


def trigger(recipients: int = 1) -> trigger_service_pb2.TriggerRequest:
    """Returns a trigger of about 150 bytes a recipient, without a request id: the same bytes are a new trigger each
    time.
    """
    request = trigger_service_pb2.TriggerRequest(campaign=f"campaigns/{CAMPAIGN_ID}")
    for number in range(recipients):
        recipient = request.recipients.add(identity=identity(number))
        json_format.ParseDict(CONTEXT, recipient.context)
    return request


def identity(number: int) -> str:
    """Returns the identity of a recipient by its position in the call."""
    return f"email:jane.{number:04}@example.com"


def stream_trigger() -> trigger_service_pb2.TriggerStreamRequest:
    return trigger_service_pb2.TriggerStreamRequest(trigger=trigger())
