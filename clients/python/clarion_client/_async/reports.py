"""Defines the methods of `client.reports`."""

from __future__ import annotations

from functools import cached_property

from clarion.v1 import report_service_pb2 as wire
from clarion.v1 import report_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._conversion import message_of, read
from clarion_client._names import full_name
from clarion_client._values import CampaignReport


class AsyncReports:
    """Reads the reports of campaigns: `client.reports`. `timeout` is in seconds."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ReportServiceAsyncStub:
        return rpc.ReportServiceStub(self._calls.channel)

    async def get(self, campaign: str, *, version: int = 0, timeout: float | None = None) -> CampaignReport:
        """Returns the counts of one version, or of all versions together."""
        request = message_of(wire.GetCampaignReportRequest, campaign=full_name("campaigns", campaign), version=version)
        answer = await self._calls.unary(self._stub.GetCampaignReport, request, repeatable=True, timeout=timeout)
        return read(CampaignReport, answer.report)
