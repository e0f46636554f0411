"""Defines the methods of `client.approvals`."""

from __future__ import annotations

from functools import cached_property

from clarion.v1 import approval_comments_pb2 as comments
from clarion.v1 import approval_service_pb2 as wire
from clarion.v1 import approval_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import message_of, read, read_all
from clarion_client._names import draft_of
from clarion_client._values import Approval, ApprovalStep, ApprovalThread


class AsyncApprovals:
    """Has drafts approved: `client.approvals`. That of a campaign is given as `newsletter` or `campaigns/newsletter`,
    that of a fragment as `fragments/footer`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ApprovalServiceAsyncStub:
        return rpc.ApprovalServiceStub(self._calls.channel)

    async def get(self, draft: str, *, timeout: float | None = None) -> Approval:
        """Returns where the approval of the draft stands, and what is missing."""
        request = message_of(wire.GetApprovalRequest, **draft_of(draft))
        answer = await self._calls.unary(self._stub.GetApproval, request, repeatable=True, timeout=timeout)
        return read(Approval, answer.approval)

    def steps(self, draft: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[ApprovalStep]:
        """Lists what was done about the approval, the newest first."""
        request = message_of(wire.ListApprovalStepsRequest, **draft_of(draft), page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListApprovalSteps,
            request,
            lambda page: read_all(ApprovalStep, page.approval_steps),
            timeout,
        )

    async def submit(self, draft: str, *, comment: str = "", etag: str = "", timeout: float | None = None) -> Approval:
        """Submits the draft. Nobody can edit it from then on."""
        request = message_of(wire.SubmitForApprovalRequest, **draft_of(draft), comment=comment, etag=etag)
        answer = await self._calls.unary(self._stub.SubmitForApproval, request, repeatable=False, timeout=timeout)
        return read(Approval, answer.approval)

    async def approve(
        self, draft: str, content_hash: str, *, comment: str = "", etag: str = "", timeout: float | None = None
    ) -> Approval:
        """Approves the submitted draft. `content_hash` is that of the approval which the caller looked at; refused
        (ConflictError) when the draft is another one by now.
        """
        request = message_of(
            wire.ApproveRequest, **draft_of(draft), content_hash=content_hash, comment=comment, etag=etag
        )
        answer = await self._calls.unary(self._stub.Approve, request, repeatable=False, timeout=timeout)
        return read(Approval, answer.approval)

    async def request_changes(
        self, draft: str, comment: str, *, etag: str = "", timeout: float | None = None
    ) -> Approval:
        """Makes the draft editable again, and voids its approvals. The comment says what is to change."""
        request = message_of(wire.RequestChangesRequest, **draft_of(draft), comment=comment, etag=etag)
        answer = await self._calls.unary(self._stub.RequestChanges, request, repeatable=False, timeout=timeout)
        return read(Approval, answer.approval)

    async def cancel(self, draft: str, *, comment: str = "", etag: str = "", timeout: float | None = None) -> Approval:
        """Takes the submission back, and voids its approvals."""
        request = message_of(wire.CancelApprovalRequest, **draft_of(draft), comment=comment, etag=etag)
        answer = await self._calls.unary(self._stub.CancelApproval, request, repeatable=False, timeout=timeout)
        return read(Approval, answer.approval)

    def threads(self, draft: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[ApprovalThread]:
        """Lists what was said about the approval with the answers, the newest threads first."""
        request = message_of(comments.ListApprovalThreadsRequest, **draft_of(draft), page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListApprovalThreads,
            request,
            lambda page: read_all(ApprovalThread, page.approval_threads),
            timeout,
        )

    async def resolve(
        self, draft: str, thread: str, *, comment: str = "", timeout: float | None = None
    ) -> ApprovalThread:
        """Marks a thread as resolved. `thread` is the `step` that began it, or of an answer in it."""
        request = message_of(comments.ResolveApprovalThreadRequest, **draft_of(draft), thread=thread, comment=comment)
        answer = await self._calls.unary(self._stub.ResolveApprovalThread, request, repeatable=True, timeout=timeout)
        return read(ApprovalThread, answer.approval_thread)

    async def comment(
        self, draft: str, comment: str, *, reply_to: str = "", timeout: float | None = None
    ) -> ApprovalStep:
        """Adds a comment to the history. `reply_to` is the `step` that it is an answer to."""
        request = message_of(comments.CommentOnApprovalRequest, **draft_of(draft), comment=comment, reply_to=reply_to)
        answer = await self._calls.unary(self._stub.CommentOnApproval, request, repeatable=False, timeout=timeout)
        return read(ApprovalStep, answer.approval_step)
