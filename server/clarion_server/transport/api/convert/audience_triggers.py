"""Converts triggers of audiences from protobuf and answers to it."""

from __future__ import annotations

from clarion.v1 import trigger_service_pb2 as pb

from clarion_server.application.audience_runs.triggering import AudienceAnswer, TriggerAudienceCommand
from clarion_server.domain.labels import MAX_LABELS
from clarion_server.domain.messages.message import NO_LABELS
from clarion_server.domain.names import AUDIENCES, CAMPAIGNS
from clarion_server.transport.api.convert.executions import to_execution
from clarion_server.transport.api.convert.maps import read_map
from clarion_server.transport.api.convert.request_parser import RequestParser


def to_audience_command(request: pb.TriggerAudienceRequest) -> TriggerAudienceCommand:
    """Reads a trigger of an audience. The command carries the violations."""
    parser = RequestParser()
    return TriggerAudienceCommand(
        campaign_id=parser.id(CAMPAIGNS, request.campaign, "campaign"),
        audience_id=parser.id(AUDIENCES, request.audience, "audience"),
        max_recipients=request.max_recipients,
        context=parser.values(request.context, "context"),
        locale=request.locale,
        labels=read_map(request.labels, MAX_LABELS) if request.labels else NO_LABELS,
        request_id=request.request_id,
        send_time=parser.instant(request.send_time, "send_time") if request.HasField("send_time") else None,
        expire_time=parser.instant(request.expire_time, "expire_time") if request.HasField("expire_time") else None,
        validate_only=request.validate_only,
        violations=tuple(parser.violations),
    )


def to_audience_response(answer: AudienceAnswer) -> pb.TriggerAudienceResponse:
    execution = to_execution(answer.execution, answer.campaign_id, run=answer.run)
    if answer.validated_only:
        execution.name = ""
    return pb.TriggerAudienceResponse(execution=execution, replayed=answer.replayed)
