"""Runs of test cases, which may take several calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import clarion_client as client
import grpc
import pytest
from clarion.v1 import test_run_pb2 as pb

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import fail, failure, serving


def cell(case: str) -> pb.TestCampaignResponse:
    key = pb.TestCellKey(test_case=case, action="email", locale="de")
    return pb.TestCampaignResponse(cell=pb.TestCell(key=key, comparison=pb.TestCell.COMPARISON_SAME))


async def test_a_run_goes_on_from_call_to_call(connect: Connect) -> None:
    asked: list[pb.TestCampaignRequest] = []

    async def answer(request: pb.TestCampaignRequest, _context: Any) -> AsyncIterator[pb.TestCampaignResponse]:
        asked.append(request)
        yield cell(f"case-{len(asked)}")
        yield pb.TestCampaignResponse(run=pb.TestRun(etag="7", next_page_token="more" if len(asked) < 2 else ""))

    expected = client.ExpectedRendering(
        key=client.TestCellKey(test_case="plain", action="email", locale="de"), document="Subject: Hello\n"
    )
    async with serving(TestCampaign=answer) as target, connect(target) as tested:
        run = tested.test_cases.run("x", ["plain"], version=3, expected=[expected], omit_renderings=True)
        with pytest.raises(RuntimeError, match="has not ended"):
            _ = run.end
        cases = [each.key.test_case async for each in run]
        end = run.end
    assert cases == ["case-1", "case-2"]
    assert end == client.TestRun(etag="7")
    assert [(request.campaign, request.page_token) for request in asked] == [
        ("campaigns/x", ""),
        ("campaigns/x", "more"),
    ]
    assert (list(asked[0].test_cases), asked[0].version, asked[0].omit_renderings) == (["plain"], 3, True)
    assert asked[0].expected[0].document == "Subject: Hello\n"


async def test_a_run_that_fails_says_why(connect: Connect) -> None:
    async def answer(_request: pb.TestCampaignRequest, context: Any) -> AsyncIterator[pb.TestCampaignResponse]:
        yield cell("plain")
        await fail(context, failure(grpc.StatusCode.ABORTED, "ETAG_MISMATCH"))

    async with serving(TestCampaign=answer) as target, connect(target) as tested:
        run = tested.test_cases.run("x")
        with pytest.raises(client.ConflictError) as conflict:
            _ = [each async for each in run]
    assert conflict.value.reason == "ETAG_MISMATCH"


async def test_a_run_that_is_cut_off_is_no_success(connect: Connect) -> None:
    async def answer(_request: pb.TestCampaignRequest, _context: Any) -> AsyncIterator[pb.TestCampaignResponse]:
        yield cell("plain")

    async with serving(TestCampaign=answer) as target, connect(target) as tested:
        with pytest.raises(client.UnavailableError):
            _ = [each async for each in tested.test_cases.run("x")]
