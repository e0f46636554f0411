"""Serves the TestCaseService of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from clarion.v1 import test_case_service_pb2 as pb
from clarion.v1 import test_run_pb2 as run_pb

from clarion_server.application.campaigns.test_cases import TestCases
from clarion_server.application.campaigns.testing import CaseTester, RunEnd
from clarion_server.domain.access.access import Caller
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.errors import InvalidPageToken
from clarion_server.domain.names import CAMPAIGNS, campaign_of_test_case
from clarion_server.transport.api.convert.test_cases import to_test_case, to_test_case_input
from clarion_server.transport.api.convert.test_runs import to_acceptance, to_test_cell, to_test_run, to_try_cases
from clarion_server.transport.api.page_tokens import position_of, query_of, seal
from clarion_server.transport.api.requests import converted
from clarion_server.transport.grpc.resources import StandardMethods


class TestCaseService:
    """Serves the standard methods by those of the campaign that each request is about, and the tries of its cases."""

    __test__ = False

    def __init__(self, cases: TestCases, tester: CaseTester) -> None:
        self._cases = cases
        self._tester = tester

    async def create_test_case(self, request: pb.CreateTestCaseRequest, caller: Caller) -> pb.CreateTestCaseResponse:
        campaign_id = CAMPAIGNS.parse(request.campaign, "campaign")
        answer: pb.CreateTestCaseResponse = await self._of(campaign_id, caller).create(request, caller)
        return answer

    async def get_test_case(self, request: pb.GetTestCaseRequest, caller: Caller) -> pb.GetTestCaseResponse:
        answer: pb.GetTestCaseResponse = await self._of(campaign_of_test_case(request.name, "name"), caller).get(
            request, caller
        )
        return answer

    async def list_test_cases(self, request: pb.ListTestCasesRequest, caller: Caller) -> pb.ListTestCasesResponse:
        campaign_id = CAMPAIGNS.parse(request.campaign, "campaign")
        answer: pb.ListTestCasesResponse = await self._of(campaign_id, caller).list(request, caller)
        return answer

    async def update_test_case(self, request: pb.UpdateTestCaseRequest, caller: Caller) -> pb.UpdateTestCaseResponse:
        campaign_id = campaign_of_test_case(request.test_case.name, "test_case.name")
        answer: pb.UpdateTestCaseResponse = await self._of(campaign_id, caller).update(request, caller)
        return answer

    async def delete_test_case(self, request: pb.DeleteTestCaseRequest, caller: Caller) -> pb.DeleteTestCaseResponse:
        answer: pb.DeleteTestCaseResponse = await self._of(campaign_of_test_case(request.name, "name"), caller).delete(
            request, caller
        )
        return answer

    async def test_campaign(
        self, request: run_pb.TestCampaignRequest, caller: Caller
    ) -> AsyncIterator[run_pb.TestCampaignResponse]:
        query = query_of(request, caller.sandbox)
        command = await converted(partial(to_try_cases, start=_start(request.page_token, query)), request)
        async for part in self._tester.run(command, caller):
            if isinstance(part, RunEnd):
                token = "" if part.next_cell is None else seal([part.etag, part.next_cell], query)
                yield run_pb.TestCampaignResponse(run=to_test_run(part, token))
            else:
                yield run_pb.TestCampaignResponse(cell=to_test_cell(part, with_rendering=not request.omit_renderings))

    async def accept_renderings(
        self, request: run_pb.AcceptRenderingsRequest, caller: Caller
    ) -> run_pb.AcceptRenderingsResponse:
        done = await self._tester.accept(await converted(to_acceptance, request), caller)
        return run_pb.AcceptRenderingsResponse(accepted_count=done.accepted_count, dropped_count=done.dropped_count)

    def _of(self, campaign_id: str, caller: Caller) -> StandardMethods[TestCase]:
        cases = self._cases.of(campaign_id, caller.visibility)
        read = partial(to_test_case_input, campaign_id=campaign_id)
        return StandardMethods(pb, cases, read, to_test_case)


def _start(token: str, query: bytes) -> tuple[str, int]:
    """Returns the etag of the run that a token continues, and the position of its next cell.

    Raises InvalidPageToken.
    """
    match position_of(token, query):
        case None:
            return "", 0
        case [str() as etag, int() as position] if position >= 0:
            return etag, position
    raise InvalidPageToken
