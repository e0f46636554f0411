"""Converts the comparison of two versions to protobuf."""

from __future__ import annotations

import json
from typing import Any

from clarion.v1 import campaign_difference_pb2 as pb
from clarion.v1 import test_cell_difference_pb2 as cell_pb
from google.protobuf.json_format import MessageToDict

from clarion_server.application.campaigns.comparison import Comparison
from clarion_server.application.ports.content import Fragments
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.document_difference import differences
from clarion_server.domain.campaigns.test_cell_difference import CellDifference, told
from clarion_server.domain.content.translation_difference import (
    MAX_DIFFERENCES,
    TranslationDifference,
    translation_differences,
)
from clarion_server.domain.fragments.fragment import FragmentContent
from clarion_server.transport.api.convert.campaigns import to_snapshot
from clarion_server.transport.api.convert.enums import CELL_CHANGE, SCHEMA_EFFECT, TRANSLATION_CHANGE
from clarion_server.transport.api.convert.test_runs import to_cell_key


def to_difference(comparison: Comparison) -> pb.CampaignDifference:
    """Takes milliseconds for large contents."""
    before = {} if comparison.before is None else comparison.before.translations
    texts = translation_differences(before, comparison.after.translations)
    found = differences(
        _document(comparison.before, comparison.fragments_before),
        _document(comparison.after, comparison.fragments_after),
    )
    return pb.CampaignDifference(
        fields=[pb.FieldDifference(field=each.field, unified_diff=each.unified_diff) for each in found],
        context_schema=[
            pb.SchemaDifference(path=each.path, effect=SCHEMA_EFFECT.number(each.effect), message=each.message)
            for each in comparison.schema_differences
        ],
        translations=map(_to_translation, texts[:MAX_DIFFERENCES]),
        translation_count=len(texts),
        test_cells=map(_to_cell, told(comparison.rendered.found)),
        test_cell_count=len(comparison.rendered.found),
        untried_test_cell_count=comparison.rendered.untried_count,
    )


def _to_cell(each: CellDifference) -> cell_pb.TestCellDifference:
    return cell_pb.TestCellDifference(
        key=to_cell_key(each.key), change=CELL_CHANGE.number(each.change), unified_diff=each.unified_diff
    )


def _to_translation(each: TranslationDifference) -> pb.TranslationDifference:
    return pb.TranslationDifference(
        locale=each.locale,
        key=each.key,
        change=TRANSLATION_CHANGE.number(each.change),
        before=_text(each.before),
        after=_text(each.after),
    )


def _text(text: Any) -> str:
    if text is None:
        return ""
    return text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, sort_keys=True)


def _document(definition: CampaignDefinition | None, fragments: Fragments) -> dict[str, Any]:
    """Returns a definition under the names of the contract, so that each new field of the contract is compared."""
    if definition is None:
        return {}
    document = MessageToDict(to_snapshot(definition), preserving_proto_field_name=True)
    # They are compared text by text.
    document.pop("translations", None)
    if definition.context_schema is not None:
        # The contract's numbers are doubles, which would show 1 as 1.0.
        document["context_schema"] = definition.context_schema
    if fragments:
        document["fragments"] = {
            str(reference).partition("/")[2]: {"version": version.number, **_fragment(version.content)}
            for reference, version in sorted(fragments.items())
        }
    return document


def _fragment(content: FragmentContent) -> dict[str, Any]:
    return {
        "source": content.source,
        "parameters": content.parameters or {},
        "translations": {locale: dict(texts) for locale, texts in content.translations.items()},
    }
