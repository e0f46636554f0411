"""Provides the calls about executions, messages and reports."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import (
    attempt_pb2,
    event_pb2,
)
from clarion.v1 import execution_pb2 as execution_pb
from clarion.v1 import execution_service_pb2 as executions_pb
from clarion.v1 import message_pb2 as message_pb
from clarion.v1 import message_service_pb2 as messages_pb
from clarion.v1 import report_service_pb2 as reports_pb

from tests.integration.client.cases import Case, holds

CASES = {
    "executions.get": Case(
        "GetExecution",
        lambda c: c.executions.get("1"),
        executions_pb.GetExecutionRequest(name="executions/1"),
        executions_pb.GetExecutionResponse(
            execution=execution_pb.Execution(
                name="executions/1", message_counts=execution_pb.MessageCounts(total_count=3)
            )
        ),
        lambda execution: execution.message_counts.total_count == 3,
    ),
    "executions.cancel": Case(
        "CancelExecution",
        lambda c: c.executions.cancel("executions/1"),
        executions_pb.CancelExecutionRequest(name="executions/1"),
        executions_pb.CancelExecutionResponse(
            outcome=executions_pb.CancelExecutionResponse.OUTCOME_PARTIAL, cancelled_count=2, too_late_count=1
        ),
        holds(outcome=client.CancelOutcome.PARTIAL, cancelled_count=2, too_late_count=1),
    ),
    "messages.get": Case(
        "GetMessage",
        lambda c: c.messages.get("1"),
        messages_pb.GetMessageRequest(name="messages/1"),
        messages_pb.GetMessageResponse(
            message=message_pb.Message(
                state=message_pb.Message.STATE_FAILED,
                attempts=[attempt_pb2.Attempt(number=1, result=attempt_pb2.Attempt.RESULT_FAILED)],
                events=[event_pb2.Event(type=event_pb2.Event.TYPE_FAILED)],
            )
        ),
        lambda message: (message.state, message.attempts[0].result, message.events[0].type) == ("FAILED",) * 3,
    ),
    "messages.cancel": Case(
        "CancelMessage",
        lambda c: c.messages.cancel("1"),
        messages_pb.CancelMessageRequest(name="messages/1"),
        messages_pb.CancelMessageResponse(outcome=messages_pb.CancelMessageResponse.OUTCOME_TOO_LATE),
        holds(outcome=client.CancelOutcome.TOO_LATE),
    ),
    "reports.get": Case(
        "GetCampaignReport",
        lambda c: c.reports.get("x", version=2),
        reports_pb.GetCampaignReportRequest(campaign="campaigns/x", version=2),
        reports_pb.GetCampaignReportResponse(report=reports_pb.CampaignReport(targeted_count=200)),
        holds(targeted_count=200, failed_counts={}),
    ),
}
