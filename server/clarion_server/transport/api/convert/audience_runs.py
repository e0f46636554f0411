"""Converts the runs of audiences to protobuf."""

from __future__ import annotations

from clarion.v1 import audience_run_pb2, event_pb2, failed_evaluations_pb2

from clarion_server.domain.audiences.audience_run import AudienceRun, FailedEvaluations
from clarion_server.domain.events.event import RunChange
from clarion_server.domain.names import AUDIENCES
from clarion_server.transport.api.convert.enums import EXCLUSION_REASON, FAILURE_CAUSE, RUN_END_REASON, RUN_STATE
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp


def to_audience_run(run: AudienceRun) -> audience_run_pb2.AudienceRun:
    selection = run.selection
    return audience_run_pb2.AudienceRun(
        audience=AUDIENCES.format(run.audience),
        state=RUN_STATE.number(run.state),
        end_reason=RUN_END_REASON.number(run.end_reason),
        max_recipients=run.max_recipients,
        start_time=to_timestamp(run.start_time),
        select_time=to_optional_timestamp(run.select_time),
        selected_count=0 if selection is None else selection.count,
        snapshot_count=0 if selection is None else selection.snapshot_count,
        failed_evaluations=[] if selection is None else map(to_failed_evaluations, selection.failures),
        accepted_count=run.accepted_count,
        excluded_counts=[
            audience_run_pb2.ExcludedMembers(reason=EXCLUSION_REASON.number(reason), count=count)
            for reason, count in run.exclusions.items()
        ],
        deleted_count=run.deleted_count,
        end_time=to_optional_timestamp(run.end_time),
    )


def to_failed_evaluations(failed: FailedEvaluations) -> failed_evaluations_pb2.FailedEvaluations:
    return failed_evaluations_pb2.FailedEvaluations(
        cause=FAILURE_CAUSE.number(failed.cause), count=failed.count, profiles=failed.samples
    )


def to_run_change(change: RunChange) -> event_pb2.AudienceRunChange:
    return event_pb2.AudienceRunChange(
        audience=change.audience,
        selected_count=change.selected_count,
        accepted_count=change.accepted_count,
        end_reason=RUN_END_REASON.number(change.end_reason),
    )
