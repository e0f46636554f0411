"""The TestCaseService of the contract."""

from __future__ import annotations

from functools import partial

from clarion.v1 import test_case_service_pb2 as pb

from clarion_server.application.campaigns.test_cases import TestCases
from clarion_server.domain.access import Caller
from clarion_server.domain.names import CAMPAIGNS, campaign_of_test_case
from clarion_server.domain.test_case import TestCase
from clarion_server.transport.api.convert.test_cases import to_test_case, to_test_case_input
from clarion_server.transport.grpc.resources import StandardMethods


class TestCaseService:
    """Serves the standard methods by those of the campaign that each request is about."""

    __test__ = False

    def __init__(self, cases: TestCases) -> None:
        self._cases = cases

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

    def _of(self, campaign_id: str, caller: Caller) -> StandardMethods[TestCase]:
        cases = self._cases.of(campaign_id, caller.visibility)
        read = partial(to_test_case_input, campaign_id=campaign_id)
        return StandardMethods(pb, "TestCase", cases, read, to_test_case)
