"""Converts requests for a preview from protobuf, and previews to it."""

from __future__ import annotations

from clarion.v1 import campaign_preview_pb2

from clarion_server.application.campaigns.preview import Preview, PreviewCampaign
from clarion_server.domain.consent.choice import Choice
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.transport.api.convert.contents import to_rendered
from clarion_server.transport.api.convert.enums import EXCLUSION_REASON, LOCALE_REASON, SOURCE
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.targeting import to_rule_evaluation

_Response = campaign_preview_pb2.PreviewCampaignResponse


def to_command(request: campaign_preview_pb2.PreviewCampaignRequest) -> PreviewCampaign:
    """Raises InvalidFields when the campaign's name is malformed; the command carries other violations."""
    parser = RequestParser()
    return PreviewCampaign(
        campaign_id=CAMPAIGNS.parse(request.name),
        version=request.version,
        context=parser.values(request.context, "context"),
        profile=parser.values(request.profile, "profile"),
        locale=request.locale,
        identity=request.identity,
        action=request.action,
        rule=request.rule,
        audiences=tuple(request.audiences),
        violations=parser.violations,
    )


def to_preview(preview: Preview) -> _Response:
    return _Response(
        action=preview.action.id,
        address=None if preview.address is None else _to_choice(preview.address),
        locale=_to_choice(preview.locale),
        content_locale=preview.content_locale.locale,
        locale_reason=LOCALE_REASON.number(preview.content_locale.reason),
        rule=preview.rule.rule,
        rule_evaluations=map(to_rule_evaluation, preview.rule.evaluations),
        exclusion_reason=EXCLUSION_REASON.number(ExclusionReason.NO_RULE_MATCHED if preview.rule.excludes else None),
        **to_rendered(preview.rendered, preview.content, preview.provider, preview.files),
    )


def _to_choice(choice: Choice) -> _Response.Choice:
    return _Response.Choice(value=choice.value, source=SOURCE.number(choice.source))
