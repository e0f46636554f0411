"""The ApprovalService of the contract."""

from __future__ import annotations

from typing import Any

from clarion.v1 import approval_service_pb2 as pb

from clarion_server.application.campaigns.approving import Approving, Word
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.domain.violation import malformed, required
from clarion_server.transport.api.convert.approvals import (
    to_approval,
    to_step,
    to_thread,
)
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.pagination import page_of

#: Keys with more digits than these may be too large for a store.
_MOST_DIGITS = 18


class ApprovalService:
    def __init__(self, approving: Approving) -> None:
        self._approving = approving

    async def get_approval(self, request: pb.GetApprovalRequest, caller: Caller) -> pb.GetApprovalResponse:
        found = await self._approving.get(CAMPAIGNS.parse(request.campaign, "campaign"), caller)
        return pb.GetApprovalResponse(approval=to_approval(found))

    async def list_approval_steps(
        self, request: pb.ListApprovalStepsRequest, caller: Caller
    ) -> pb.ListApprovalStepsResponse:
        parser = RequestParser()
        campaign_id = parser.id(CAMPAIGNS, request.campaign, "campaign")
        page = page_of(request, caller, int, parser=parser)
        before = page.after[0] if page.after else None
        found = await self._approving.steps(campaign_id, before, page.limit, caller)
        shown, token = page.cut(found, lambda step: (step.key,))
        return pb.ListApprovalStepsResponse(approval_steps=map(to_step, shown), next_page_token=token)

    async def submit_for_approval(
        self, request: pb.SubmitForApprovalRequest, caller: Caller
    ) -> pb.SubmitForApprovalResponse:
        return pb.SubmitForApprovalResponse(approval=to_approval(await self._approving.submit(_word(request), caller)))

    async def approve(self, request: pb.ApproveRequest, caller: Caller) -> pb.ApproveResponse:
        word = _word(request)
        if not request.content_hash:
            raise InvalidFields((required("content_hash"),))
        approval = await self._approving.approve(word, request.content_hash, caller)
        return pb.ApproveResponse(approval=to_approval(approval))

    async def request_changes(self, request: pb.RequestChangesRequest, caller: Caller) -> pb.RequestChangesResponse:
        approval = await self._approving.request_changes(_word(request), caller)
        return pb.RequestChangesResponse(approval=to_approval(approval))

    async def cancel_approval(self, request: pb.CancelApprovalRequest, caller: Caller) -> pb.CancelApprovalResponse:
        return pb.CancelApprovalResponse(approval=to_approval(await self._approving.cancel(_word(request), caller)))

    async def comment_on_approval(
        self, request: pb.CommentOnApprovalRequest, caller: Caller
    ) -> pb.CommentOnApprovalResponse:
        word = Word(CAMPAIGNS.parse(request.campaign, "campaign"), request.comment)
        reply_to = _step_key(request.reply_to, "reply_to") if request.reply_to else None
        step = await self._approving.comment(word, reply_to, caller)
        return pb.CommentOnApprovalResponse(approval_step=to_step(step))

    async def list_approval_threads(
        self, request: pb.ListApprovalThreadsRequest, caller: Caller
    ) -> pb.ListApprovalThreadsResponse:
        parser = RequestParser()
        campaign_id = parser.id(CAMPAIGNS, request.campaign, "campaign")
        page = page_of(request, caller, int, parser=parser)
        before = page.after[0] if page.after else None
        found = await self._approving.threads(campaign_id, before, page.limit, caller)
        shown, token = page.cut(found, lambda thread: (thread.opening.key,))
        return pb.ListApprovalThreadsResponse(approval_threads=map(to_thread, shown), next_page_token=token)

    async def resolve_approval_thread(
        self, request: pb.ResolveApprovalThreadRequest, caller: Caller
    ) -> pb.ResolveApprovalThreadResponse:
        word = Word(CAMPAIGNS.parse(request.campaign, "campaign"), request.comment)
        thread = await self._approving.resolve(word, _step_key(request.thread, "thread"), caller)
        return pb.ResolveApprovalThreadResponse(approval_thread=to_thread(thread))


def _step_key(step: str, field: str) -> int:
    """Returns the key of a step. Raises InvalidFields."""
    if not step:
        raise InvalidFields((required(field),))
    if not (step.isascii() and step.isdecimal() and len(step) <= _MOST_DIGITS):
        raise InvalidFields((malformed(field, "Must be the `step` of a step of this campaign's approvals."),))
    return int(step)


def _word(request: Any) -> Word:
    return Word(CAMPAIGNS.parse(request.campaign, "campaign"), request.comment, request.etag)
