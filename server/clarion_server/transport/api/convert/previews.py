"""Requests for a preview, and rendered e-mails."""

from __future__ import annotations

from typing import Any

from clarion.v1 import campaign_pb2, campaign_service_pb2

from clarion_server.application.campaigns.preview import Preview, PreviewCampaign
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.transport.api.convert.mailboxes import to_optional_mailbox
from clarion_server.transport.api.convert.request_parser import RequestParser


def to_command(request: campaign_service_pb2.PreviewCampaignRequest) -> PreviewCampaign:
    """Raises InvalidFields when the campaign's name is malformed; other flaws travel in the command."""
    reading = RequestParser()
    return PreviewCampaign(
        campaign_id=CAMPAIGNS.parse(request.name),
        version=request.version,
        context=reading.values(request.context, "context"),
        profile=reading.values(request.profile, "profile"),
        locale=request.locale,
        identity=request.identity,
        flaws=reading.flaws,
    )


def to_rendered_email(preview: Preview) -> campaign_pb2.RenderedEmail:
    # `from` is a keyword in Python.
    by_keyword: dict[str, Any] = {"from": to_optional_mailbox(preview.sender)}
    return campaign_pb2.RenderedEmail(
        reply_to=to_optional_mailbox(preview.reply_to),
        subject=preview.email.subject,
        html=preview.email.html,
        text=preview.email.text,
        headers=preview.email.headers,
        **by_keyword,
    )
