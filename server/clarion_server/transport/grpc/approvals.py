"""Serves the ApprovalService of the contract."""

from __future__ import annotations

import re
from typing import Any

from clarion.v1 import approval_comments_pb2 as comments_pb
from clarion.v1 import approval_service_pb2 as pb

from clarion_server.application.approvals.approving import Approving, Word
from clarion_server.domain.access.access import Caller
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.fragments.fragment import Fragment
from clarion_server.domain.names import CAMPAIGNS, FRAGMENTS
from clarion_server.domain.violation import Violation, malformed, required
from clarion_server.transport.api.convert.approvals import (
    to_approval,
    to_step,
    to_thread,
)
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.pagination import page_of

#: Is a whole content hash. A part of one, as people shorten those of git, must not look like that of another content.
_CONTENT_HASH = re.compile("[0-9a-f]{64}")
#: Keys with more digits than these may be too large for a store.
_MOST_DIGITS = 18


class ApprovalService:
    def __init__(self, of_campaigns: Approving[Campaign], of_fragments: Approving[Fragment]) -> None:
        self._of_campaigns = of_campaigns
        self._of_fragments = of_fragments

    async def get_approval(self, request: pb.GetApprovalRequest, caller: Caller) -> pb.GetApprovalResponse:
        approving, draft_id = self._named(request)
        return pb.GetApprovalResponse(approval=to_approval(await approving.get(draft_id, caller)))

    async def list_approval_steps(
        self, request: pb.ListApprovalStepsRequest, caller: Caller
    ) -> pb.ListApprovalStepsResponse:
        parser = RequestParser()
        approving, draft_id = self._named(request, parser)
        page = page_of(request, caller, int, parser=parser)
        before = page.after[0] if page.after else None
        found = await approving.steps(draft_id, before, page.limit, caller)
        shown, token = page.cut(found, lambda step: (step.key,))
        return pb.ListApprovalStepsResponse(approval_steps=map(to_step, shown), next_page_token=token)

    async def submit_for_approval(
        self, request: pb.SubmitForApprovalRequest, caller: Caller
    ) -> pb.SubmitForApprovalResponse:
        approving, draft_id = self._named(request)
        approval = await approving.submit(Word(draft_id, request.comment, request.etag), caller)
        return pb.SubmitForApprovalResponse(approval=to_approval(approval))

    async def approve(self, request: pb.ApproveRequest, caller: Caller) -> pb.ApproveResponse:
        parser = RequestParser()
        if not request.content_hash:
            parser.add(required("content_hash"))
        elif not _CONTENT_HASH.fullmatch(request.content_hash):
            text = "Must be a whole `Approval.content_hash`: 64 digits, of 0 to 9 and a to f."
            parser.add(malformed("content_hash", text))
        approving, draft_id = self._named(request, parser)
        parser.check()
        approval = await approving.approve(Word(draft_id, request.comment, request.etag), request.content_hash, caller)
        return pb.ApproveResponse(approval=to_approval(approval))

    async def request_changes(self, request: pb.RequestChangesRequest, caller: Caller) -> pb.RequestChangesResponse:
        approving, draft_id = self._named(request)
        approval = await approving.request_changes(Word(draft_id, request.comment, request.etag), caller)
        return pb.RequestChangesResponse(approval=to_approval(approval))

    async def cancel_approval(self, request: pb.CancelApprovalRequest, caller: Caller) -> pb.CancelApprovalResponse:
        approving, draft_id = self._named(request)
        approval = await approving.cancel(Word(draft_id, request.comment, request.etag), caller)
        return pb.CancelApprovalResponse(approval=to_approval(approval))

    async def comment_on_approval(
        self, request: comments_pb.CommentOnApprovalRequest, caller: Caller
    ) -> comments_pb.CommentOnApprovalResponse:
        approving, draft_id = self._named(request)
        reply_to = _step_key(request.reply_to, "reply_to") if request.reply_to else None
        step = await approving.comment(Word(draft_id, request.comment), reply_to, caller)
        return comments_pb.CommentOnApprovalResponse(approval_step=to_step(step))

    async def list_approval_threads(
        self, request: comments_pb.ListApprovalThreadsRequest, caller: Caller
    ) -> comments_pb.ListApprovalThreadsResponse:
        parser = RequestParser()
        approving, draft_id = self._named(request, parser)
        page = page_of(request, caller, int, parser=parser)
        before = page.after[0] if page.after else None
        found = await approving.threads(draft_id, before, page.limit, caller)
        shown, token = page.cut(found, lambda thread: (thread.opening.key,))
        return comments_pb.ListApprovalThreadsResponse(approval_threads=map(to_thread, shown), next_page_token=token)

    async def resolve_approval_thread(
        self, request: comments_pb.ResolveApprovalThreadRequest, caller: Caller
    ) -> comments_pb.ResolveApprovalThreadResponse:
        approving, draft_id = self._named(request)
        word = Word(draft_id, request.comment)
        thread = await approving.resolve(word, _step_key(request.thread, "thread"), caller)
        return comments_pb.ResolveApprovalThreadResponse(approval_thread=to_thread(thread))

    def _named(
        self, request: Any, parser: RequestParser | None = None
    ) -> tuple[Approving[Campaign] | Approving[Fragment], str]:
        """Returns who has the draft approved that a request names, and the id of its campaign or fragment. Raises
        InvalidFields, unless a parser takes the violations.
        """
        reading = parser or RequestParser()
        if not (request.campaign or request.fragment):
            reading.add(Violation("campaign", "REQUIRED", "Must be given, or a fragment."))
        elif request.campaign and request.fragment:
            reading.add(Violation("fragment", "NOT_ALLOWED", "Must be empty where a campaign is given: name one."))
        campaign_id = reading.optional_id(CAMPAIGNS, request.campaign, "campaign") or ""
        fragment_id = reading.optional_id(FRAGMENTS, request.fragment, "fragment") or ""
        if parser is None:
            reading.check()
        return (self._of_fragments, fragment_id) if request.fragment else (self._of_campaigns, campaign_id)


def _step_key(step: str, field: str) -> int:
    """Returns the key of a step. Raises InvalidFields."""
    if not step:
        raise InvalidFields((required(field),))
    if not (step.isascii() and step.isdecimal() and len(step) <= _MOST_DIGITS):
        raise InvalidFields((malformed(field, "Must be the `step` of a step of this campaign's approvals."),))
    return int(step)
