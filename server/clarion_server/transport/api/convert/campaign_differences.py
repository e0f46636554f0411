"""Converts the comparison of two versions to protobuf."""

from __future__ import annotations

from typing import Any

from clarion.v1 import campaign_difference_pb2 as pb
from google.protobuf.json_format import MessageToDict

from clarion_server.application.campaigns.comparison import Comparison
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.document_difference import differences
from clarion_server.transport.api.convert.campaigns import to_snapshot
from clarion_server.transport.api.convert.enums import SCHEMA_EFFECT


def to_difference(comparison: Comparison) -> pb.CampaignDifference:
    """Takes milliseconds for large contents."""
    found = differences(_document(comparison.before), _document(comparison.after))
    return pb.CampaignDifference(
        fields=[pb.FieldDifference(field=each.field, unified_diff=each.unified_diff) for each in found],
        context_schema=[
            pb.SchemaDifference(path=each.path, effect=SCHEMA_EFFECT.number(each.effect), message=each.message)
            for each in comparison.schema_differences
        ],
    )


def _document(definition: CampaignDefinition | None) -> dict[str, Any]:
    """Returns a definition under the names of the contract, so that each new field of the contract is compared."""
    if definition is None:
        return {}
    document = MessageToDict(to_snapshot(definition), preserving_proto_field_name=True)
    if definition.context_schema is not None:
        # The contract's numbers are doubles, which would show 1 as 1.0.
        document["context_schema"] = definition.context_schema
    return document
