"""Defines the methods of `client.test_cases`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clarion.v1 import test_case_pb2, test_run_pb2
from clarion.v1 import test_case_service_pb2 as wire
from clarion.v1 import test_case_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.cell_stream import AsyncCellStream
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import message_of, read, read_all, write
from clarion_client._names import full_name, full_test_case_name, short_name
from clarion_client._values import AcceptedRenderings, ExpectedRendering, TestCase, TestCell, TestRun


class AsyncTestCases:
    """Keeps the data that campaigns are tried with, and tries them: `client.test_cases`. The name of a test case may be
    given as `order-confirmed/plain` or `campaigns/order-confirmed/testCases/plain`. `timeout` is in seconds.
    """

    __test__ = False

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.TestCaseServiceAsyncStub:
        return rpc.TestCaseServiceStub(self._calls.channel)

    async def create(
        self, test_case: TestCase, *, validate_only: bool = False, timeout: float | None = None
    ) -> TestCase:
        """Creates it under its name. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        written = write(test_case, test_case_pb2.TestCase)
        name = full_test_case_name(written.name)
        request = message_of(
            wire.CreateTestCaseRequest,
            campaign=name.partition("/testCases/")[0],
            test_case_id=short_name(name),
            test_case=written,
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.CreateTestCase, request, repeatable=validate_only, timeout=timeout)
        return read(TestCase, answer.test_case)

    async def get(self, name: str, *, timeout: float | None = None) -> TestCase:
        request = message_of(wire.GetTestCaseRequest, name=full_test_case_name(name))
        answer = await self._calls.unary(self._stub.GetTestCase, request, repeatable=True, timeout=timeout)
        return read(TestCase, answer.test_case)

    def list(self, campaign: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[TestCase]:
        """Lists the test cases of a campaign by name. `page_size` is 50 unless given, and at most 1,000."""
        request = message_of(wire.ListTestCasesRequest, campaign=full_name("campaigns", campaign), page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListTestCases,
            request,
            lambda page: read_all(TestCase, page.test_cases),
            timeout,
        )

    async def update(
        self,
        test_case: TestCase,
        fields: Iterable[str] | None = None,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> TestCase:
        """Changes it to these values: all of them, or the top-level `fields` named. Refused (ConflictError) when the
        value's etag is not the stored one. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = message_of(
            wire.UpdateTestCaseRequest,
            test_case=write(test_case, test_case_pb2.TestCase),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.UpdateTestCase, request, repeatable=validate_only, timeout=timeout)
        return read(TestCase, answer.test_case)

    async def delete(self, name: str, *, etag: str = "", timeout: float | None = None) -> None:
        """Deletes it, with what was accepted of it."""
        request = message_of(wire.DeleteTestCaseRequest, name=full_test_case_name(name), etag=etag)
        await self._calls.unary(self._stub.DeleteTestCase, request, repeatable=False, timeout=timeout)

    def run(
        self,
        campaign: str,
        test_cases: Iterable[str] = (),
        *,
        version: int = 0,
        expected: Iterable[ExpectedRendering] = (),
        omit_renderings: bool = False,
        timeout: float | None = None,
    ) -> AsyncCellStream:
        """Tries the draft of a campaign, or a `version`, with all its test cases or with those named, by their ids.
        Renderings are compared with the accepted ones; or with those `expected`, and then only their cells are tried.
        Makes as many calls as it takes, to each of which `timeout` applies; None: they may take as long as they take.
        """
        request = message_of(
            test_run_pb2.TestCampaignRequest,
            campaign=full_name("campaigns", campaign),
            version=version,
            test_cases=test_cases,
            expected=[write(each, test_run_pb2.ExpectedRendering) for each in expected],
            omit_renderings=omit_renderings,
        )
        return AsyncCellStream(self._calls, self._stub, request, timeout)

    async def accept(
        self, campaign: str, run: TestRun, cells: Iterable[TestCell], *, timeout: float | None = None
    ) -> AcceptedRenderings:
        """Accepts what a run of the draft showed in these cells: later runs are compared with it. Refused
        (ConflictError) when the draft or a test case changed since.
        """
        shown = [
            test_run_pb2.ShownRendering(key=write(cell.key, test_run_pb2.TestCellKey), etag=cell.etag) for cell in cells
        ]
        request = message_of(
            test_run_pb2.AcceptRenderingsRequest,
            campaign=full_name("campaigns", campaign),
            run_etag=run.etag,
            renderings=shown,
        )
        answer = await self._calls.unary(self._stub.AcceptRenderings, request, repeatable=True, timeout=timeout)
        return read(AcceptedRenderings, answer)
