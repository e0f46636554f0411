"""Converts executions and the counts of their messages to protobuf."""

from __future__ import annotations

from collections.abc import Mapping

from clarion.v1 import execution_pb2

from clarion_server.domain.audiences.audience_run import AudienceRun
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.domain.triggering.execution import Execution
from clarion_server.transport.api.convert.audience_runs import to_audience_run
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp


def to_execution(
    execution: Execution,
    campaign_id: str,
    counts: Mapping[MessageState, int] | None = None,
    run: AudienceRun | None = None,
) -> execution_pb2.Execution:
    return execution_pb2.Execution(
        name=execution.name,
        campaign=CAMPAIGNS.format(campaign_id),
        campaign_version=execution.version,
        request_id=execution.request_id or "",
        caller=execution.caller,
        accept_time=to_timestamp(execution.accept_time),
        send_time=to_optional_timestamp(execution.send_time),
        expire_time=to_optional_timestamp(execution.expire_time),
        message_counts=None if counts is None else _counts(counts),
        rejected_count=execution.rejected_count,
        audience_run=None if run is None else to_audience_run(run),
    )


def _counts(counts: Mapping[MessageState, int]) -> execution_pb2.MessageCounts:
    by_field = {f"{state.name.lower()}_count": count for state, count in counts.items()}
    return execution_pb2.MessageCounts(total_count=sum(counts.values()), **by_field)
