"""The methods of `client.approvals`."""

from __future__ import annotations

from functools import cached_property

from clarion.v1 import approval_service_pb2 as wire
from clarion.v1 import approval_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import read, read_all
from clarion_client._names import full_name
from clarion_client._values import Approval, ApprovalStep, ApprovalThread

COLLECTION = "campaigns"


class AsyncApprovals:
    """Has the drafts of campaigns approved: `client.approvals`. A campaign may be given as `newsletter` or
    `campaigns/newsletter`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ApprovalServiceAsyncStub:
        return rpc.ApprovalServiceStub(self._calls.channel)

    async def get(self, campaign: str, *, timeout: float | None = None) -> Approval:
        """Returns where the approval of the draft stands, and what is missing."""
        request = wire.GetApprovalRequest(campaign=full_name(COLLECTION, campaign))
        answer = await self._calls.unary(self._stub.GetApproval, request, repeatable=True, timeout=timeout)
        return read(Approval, answer.approval)

    def steps(self, campaign: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[ApprovalStep]:
        """Lists what was done about the approval, the newest first."""
        request = wire.ListApprovalStepsRequest(campaign=full_name(COLLECTION, campaign), page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListApprovalSteps,
            request,
            lambda page: read_all(ApprovalStep, page.approval_steps),
            timeout,
        )

    async def submit(
        self, campaign: str, *, comment: str = "", etag: str = "", timeout: float | None = None
    ) -> Approval:
        """Submits the draft. Nobody can edit it from then on."""
        request = wire.SubmitForApprovalRequest(campaign=full_name(COLLECTION, campaign), comment=comment, etag=etag)
        answer = await self._calls.unary(self._stub.SubmitForApproval, request, repeatable=False, timeout=timeout)
        return read(Approval, answer.approval)

    async def approve(
        self, campaign: str, content_hash: str, *, comment: str = "", etag: str = "", timeout: float | None = None
    ) -> Approval:
        """Approves the submitted draft. `content_hash` is that of the approval which the caller looked at; refused
        (ConflictError) when the draft is another one by now.
        """
        request = wire.ApproveRequest(
            campaign=full_name(COLLECTION, campaign), content_hash=content_hash, comment=comment, etag=etag
        )
        answer = await self._calls.unary(self._stub.Approve, request, repeatable=False, timeout=timeout)
        return read(Approval, answer.approval)

    async def request_changes(
        self, campaign: str, comment: str, *, etag: str = "", timeout: float | None = None
    ) -> Approval:
        """Makes the draft editable again, and voids its approvals. The comment says what is to change."""
        request = wire.RequestChangesRequest(campaign=full_name(COLLECTION, campaign), comment=comment, etag=etag)
        answer = await self._calls.unary(self._stub.RequestChanges, request, repeatable=False, timeout=timeout)
        return read(Approval, answer.approval)

    async def cancel(
        self, campaign: str, *, comment: str = "", etag: str = "", timeout: float | None = None
    ) -> Approval:
        """Takes the submission back, and voids its approvals."""
        request = wire.CancelApprovalRequest(campaign=full_name(COLLECTION, campaign), comment=comment, etag=etag)
        answer = await self._calls.unary(self._stub.CancelApproval, request, repeatable=False, timeout=timeout)
        return read(Approval, answer.approval)

    def threads(self, campaign: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[ApprovalThread]:
        """Lists what was said about the approval with the answers, the newest threads first."""
        request = wire.ListApprovalThreadsRequest(campaign=full_name(COLLECTION, campaign), page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListApprovalThreads,
            request,
            lambda page: read_all(ApprovalThread, page.approval_threads),
            timeout,
        )

    async def resolve(
        self, campaign: str, thread: str, *, comment: str = "", timeout: float | None = None
    ) -> ApprovalThread:
        """Marks a thread as resolved. `thread` is the `step` that began it, or of an answer in it."""
        request = wire.ResolveApprovalThreadRequest(
            campaign=full_name(COLLECTION, campaign), thread=thread, comment=comment
        )
        answer = await self._calls.unary(self._stub.ResolveApprovalThread, request, repeatable=True, timeout=timeout)
        return read(ApprovalThread, answer.approval_thread)

    async def comment(
        self, campaign: str, comment: str, *, reply_to: str = "", timeout: float | None = None
    ) -> ApprovalStep:
        """Adds a comment to the history. `reply_to` is the `step` that it is an answer to."""
        request = wire.CommentOnApprovalRequest(
            campaign=full_name(COLLECTION, campaign), comment=comment, reply_to=reply_to
        )
        answer = await self._calls.unary(self._stub.CommentOnApproval, request, repeatable=False, timeout=timeout)
        return read(ApprovalStep, answer.approval_step)
