"""The SendingPolicyService of the contract."""

from __future__ import annotations

from clarion.v1 import sending_policy_pb2
from clarion.v1 import sending_policy_service_pb2 as pb

from clarion_server.application.sending_policies.policies import (
    EDITABLE_FIELDS,
    CreateSendingPolicy,
    ManageSendingPolicies,
    UpdateSendingPolicy,
)
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import SENDING_POLICIES
from clarion_server.domain.sending_policy import SendingPolicy
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.sending_policies import to_policy_input, to_sending_policy
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.pagination import page_of


class SendingPolicyService:
    def __init__(self, policies: ManageSendingPolicies) -> None:
        self._policies = policies

    async def create_sending_policy(
        self, request: pb.CreateSendingPolicyRequest, caller: Caller
    ) -> pb.CreateSendingPolicyResponse:
        _need_sending_policy(request)
        command = CreateSendingPolicy(
            request.sending_policy_id, to_policy_input(request.sending_policy), request.validate_only
        )
        created = await self._policies.create(command, caller)
        return pb.CreateSendingPolicyResponse(sending_policy=_written(created, request.validate_only))

    async def get_sending_policy(
        self, request: pb.GetSendingPolicyRequest, caller: Caller
    ) -> pb.GetSendingPolicyResponse:
        found = await self._policies.get(SENDING_POLICIES.parse(request.name), caller)
        return pb.GetSendingPolicyResponse(sending_policy=to_sending_policy(found))

    async def list_sending_policies(
        self, request: pb.ListSendingPoliciesRequest, caller: Caller
    ) -> pb.ListSendingPoliciesResponse:
        page = page_of(request, caller, str)
        after = page.after[0] if page.after else None
        found = await self._policies.page(after, page.limit, caller)
        shown, token = page.cut(found, lambda sending_policy: (sending_policy.id,))
        return pb.ListSendingPoliciesResponse(sending_policies=map(to_sending_policy, shown), next_page_token=token)

    async def update_sending_policy(
        self, request: pb.UpdateSendingPolicyRequest, caller: Caller
    ) -> pb.UpdateSendingPolicyResponse:
        _need_sending_policy(request)
        mask = read_mask(request.update_mask, request.sending_policy, EDITABLE_FIELDS)
        command = UpdateSendingPolicy(
            SENDING_POLICIES.parse(request.sending_policy.name, "sending_policy.name"),
            to_policy_input(request.sending_policy),
            mask.fields,
            request.sending_policy.etag,
            mask.violations,
            request.validate_only,
        )
        updated = await self._policies.update(command, caller)
        return pb.UpdateSendingPolicyResponse(sending_policy=_written(updated, request.validate_only))

    async def delete_sending_policy(
        self, request: pb.DeleteSendingPolicyRequest, caller: Caller
    ) -> pb.DeleteSendingPolicyResponse:
        await self._policies.delete(SENDING_POLICIES.parse(request.name), request.etag, caller)
        return pb.DeleteSendingPolicyResponse()


def _need_sending_policy(request: pb.CreateSendingPolicyRequest | pb.UpdateSendingPolicyRequest) -> None:
    if not request.HasField("sending_policy"):
        raise InvalidFields((required("sending_policy"),))


def _written(sending_policy: SendingPolicy, validate_only: bool) -> sending_policy_pb2.SendingPolicy:
    message = to_sending_policy(sending_policy)
    if validate_only:
        # Nothing was stored, so there is no etag.
        message.ClearField("etag")
    return message
