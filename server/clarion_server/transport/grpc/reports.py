"""Serves the ReportService of the contract."""

from __future__ import annotations

from clarion.v1 import report_service_pb2 as pb

from clarion_server.application.reports.campaign_report import CampaignReports
from clarion_server.domain.access.access import Caller
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.transport.api.convert.reports import to_report


class ReportService:
    def __init__(self, reports: CampaignReports) -> None:
        self._reports = reports

    async def get_campaign_report(
        self, request: pb.GetCampaignReportRequest, caller: Caller
    ) -> pb.GetCampaignReportResponse:
        campaign_id = CAMPAIGNS.parse(request.campaign, "campaign")
        report = await self._reports.report(campaign_id, request.version, caller)
        return pb.GetCampaignReportResponse(report=to_report(report))
