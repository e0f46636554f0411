"""Converts what rules were of somebody to protobuf."""

from __future__ import annotations

from clarion.v1 import targeting_pb2 as pb

from clarion_server.domain.campaigns.targeting import RuleEvaluation
from clarion_server.transport.api.convert.enums import FAILURE_CAUSE, RULE_RESULT


def to_rule_evaluation(evaluation: RuleEvaluation) -> pb.RuleEvaluation:
    return pb.RuleEvaluation(
        rule=evaluation.rule,
        result=RULE_RESULT.number(evaluation.result),
        cause=FAILURE_CAUSE.number(evaluation.cause),
    )
