"""Provides the calls about sending policies."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import sending_policy_pb2 as policy_pb
from clarion.v1 import sending_policy_service_pb2 as policies_pb
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case

WIRE_NIGHT = policy_pb.WallClockInterval(days=[policy_pb.WallClockInterval.DAY_MONDAY], start="22:00", end="08:00")
NIGHT = client.WallClockInterval(days=(client.WallClockIntervalDay.MONDAY,), start="22:00", end="08:00")
WIRE_POLICY = policy_pb.SendingPolicy(
    name="sendingPolicies/x", display_name="Nights", quiet_hours=[WIRE_NIGHT], time_zone="Europe/Berlin"
)
POLICY = client.SendingPolicy(
    name="sendingPolicies/x", display_name="Nights", quiet_hours=(NIGHT,), time_zone="Europe/Berlin"
)

CASES = {
    "sending_policies.create": Case(
        "CreateSendingPolicy",
        lambda c: c.sending_policies.create(POLICY, validate_only=True),
        policies_pb.CreateSendingPolicyRequest(sending_policy_id="x", sending_policy=WIRE_POLICY, validate_only=True),
        policies_pb.CreateSendingPolicyResponse(sending_policy=WIRE_POLICY),
        POLICY,
    ),
    "sending_policies.get": Case(
        "GetSendingPolicy",
        lambda c: c.sending_policies.get("x"),
        policies_pb.GetSendingPolicyRequest(name="sendingPolicies/x"),
        policies_pb.GetSendingPolicyResponse(sending_policy=WIRE_POLICY),
        POLICY,
    ),
    "sending_policies.update": Case(
        "UpdateSendingPolicy",
        lambda c: c.sending_policies.update(POLICY, ["quiet_hours"]),
        policies_pb.UpdateSendingPolicyRequest(
            sending_policy=WIRE_POLICY, update_mask=FieldMask(paths=["quiet_hours"])
        ),
        policies_pb.UpdateSendingPolicyResponse(sending_policy=WIRE_POLICY),
        POLICY,
    ),
    "sending_policies.delete": Case(
        "DeleteSendingPolicy",
        lambda c: c.sending_policies.delete("x", etag="7"),
        policies_pb.DeleteSendingPolicyRequest(name="sendingPolicies/x", etag="7"),
        policies_pb.DeleteSendingPolicyResponse(),
        None,
    ),
}
