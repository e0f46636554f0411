"""The SendingPolicyService of the contract."""

from __future__ import annotations

from clarion.v1 import sending_policy_service_pb2

from clarion_server.application.resources import ManageResources
from clarion_server.domain.sending_policy import SendingPolicy
from clarion_server.transport.api.convert.sending_policies import to_policy_input, to_sending_policy
from clarion_server.transport.grpc.resources import StandardMethods


class SendingPolicyService:
    def __init__(self, policies: ManageResources[SendingPolicy]) -> None:
        standard = StandardMethods(
            sending_policy_service_pb2, "SendingPolicy", policies, to_policy_input, to_sending_policy
        )
        self.create_sending_policy = standard.create
        self.get_sending_policy = standard.get
        self.list_sending_policies = standard.list
        self.update_sending_policy = standard.update
        self.delete_sending_policy = standard.delete
