"""Converts requests to try test cases from protobuf, and what became of the cells to it."""

from __future__ import annotations

from typing import Any

from clarion.v1 import test_run_pb2 as pb

from clarion_server.application.campaigns.cell_rendering import RenderedCell
from clarion_server.application.campaigns.testing import AcceptRenderings, ComparedCell, RunEnd, TryCases
from clarion_server.domain.campaigns.accepted_rendering import Expected
from clarion_server.domain.campaigns.test_case import MAX_TEST_CASES
from clarion_server.domain.campaigns.test_cells import MAX_CELLS, CellKey
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.domain.violation import Violation, required, too_many
from clarion_server.transport.api.convert.campaigns import to_finding
from clarion_server.transport.api.convert.contents import to_rendered
from clarion_server.transport.api.convert.enums import (
    COMPARISON,
    LOCALE_ORIGIN,
    LOCALE_REASON,
)
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.targeting import to_rule_evaluation
from clarion_server.transport.api.errors import field_violation


def to_try_cases(request: pb.TestCampaignRequest, start: tuple[str, int]) -> TryCases:
    """Raises InvalidFields when the campaign's name is malformed; the command carries other violations. `start` is the
    etag of the run that it continues, and the position of the first cell.
    """
    parser = RequestParser()
    return TryCases(
        CAMPAIGNS.parse(request.campaign, "campaign"),
        request.version,
        # One more than the limit is enough to report too many.
        request.test_cases[: MAX_TEST_CASES + 1],
        _from_expected(parser, request),
        *start,
        parser.violations,
    )


def _from_expected(parser: RequestParser, request: pb.TestCampaignRequest) -> dict[CellKey, Expected]:
    if len(request.expected) > MAX_CELLS:
        parser.add(too_many("expected", MAX_CELLS))
        return {}
    expected: dict[CellKey, Expected] = {}
    for index, each in enumerate(request.expected):
        key = _from_key(parser, each.key, f"expected[{index}].key")
        if not each.document:
            parser.add(required(f"expected[{index}].document"))
        if key in expected:
            parser.add(Violation(f"expected[{index}].key", "DUPLICATE", "Must occur only once."))
        expected[key] = Expected(each.document, each.format_data)
    return expected


def _from_key(parser: RequestParser, key: pb.TestCellKey, field: str) -> CellKey:
    for name in ("test_case", "action", "locale"):
        if not getattr(key, name):
            parser.add(required(f"{field}.{name}"))
    return CellKey(key.test_case, key.action, key.locale, key.rule)


def to_acceptance(request: pb.AcceptRenderingsRequest) -> AcceptRenderings:
    """Raises InvalidFields when a name is malformed."""
    parser = RequestParser()
    shown = [
        (_from_key(parser, each.key, f"renderings[{index}].key"), each.etag)
        for index, each in enumerate(request.renderings[: MAX_CELLS + 1])
    ]
    campaign_id = parser.id(CAMPAIGNS, request.campaign, "campaign")
    parser.check()
    return AcceptRenderings(campaign_id, request.run_etag, shown)


def to_test_cell(compared: ComparedCell, *, with_rendering: bool) -> pb.TestCell:
    cell, result = compared.tried.cell, compared.tried.result
    return pb.TestCell(
        key=to_cell_key(cell.key),
        wanted_locale=cell.wanted,
        locale_origin=LOCALE_ORIGIN.number(cell.origin),
        locale_reason=LOCALE_REASON.number(cell.choice.reason),
        comparison=COMPARISON.number(compared.difference.comparison),
        unified_diff=compared.difference.unified_diff,
        violations=map(field_violation, compared.tried.violations),
        findings=map(to_finding, () if result is None else result.findings),
        document=result.document if result is not None and with_rendering else "",
        etag=compared.etag,
        rule_evaluations=map(to_rule_evaluation, cell.evaluations),
        **_to_rendered(result) if result is not None and with_rendering else {},
    )


def to_cell_key(key: CellKey) -> pb.TestCellKey:
    return pb.TestCellKey(test_case=key.test_case, action=key.action, locale=key.locale, rule=key.rule)


def _to_rendered(result: RenderedCell) -> dict[str, Any]:
    """Returns the rendered content under the name of its field."""
    provider = None if result.configuration is None else result.configuration.provider
    return to_rendered(result.rendered, result.content, provider, result.files)


def to_test_run(end: RunEnd, next_page_token: str) -> pb.TestRun:
    return pb.TestRun(
        etag=end.etag,
        format_data=end.format_data,
        findings=map(to_finding, end.findings),
        gone=map(to_cell_key, end.gone),
        next_page_token=next_page_token,
    )
