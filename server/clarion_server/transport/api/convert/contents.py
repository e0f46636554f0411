"""Converts contents and rendered contents from and to protobuf, with one pair of functions per channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from clarion.v1 import campaign_pb2, email_content_pb2, webhook_content_pb2

from clarion_server.domain.attachments.carried_file import CarriedFile
from clarion_server.domain.content import Content, Provider, Rendered
from clarion_server.domain.content.email import EmailContent, RenderedEmail, SmtpProvider
from clarion_server.domain.content.rules import MAX_HEADERS
from clarion_server.domain.content.webhook import BodyFormat, Method, RenderedWebhook, WebhookContent, WebhookProvider
from clarion_server.domain.violation import Violation, required
from clarion_server.transport.api.convert.attachments import (
    from_content_attachments,
    to_content_attachments,
    to_rendered_attachment,
)
from clarion_server.transport.api.convert.enums import TRANSFORM, WEBHOOK_METHOD
from clarion_server.transport.api.convert.mailboxes import from_mailbox, to_optional_mailbox
from clarion_server.transport.api.convert.maps import read_map
from clarion_server.transport.api.convert.request_parser import RequestParser

#: Is the field of the contract for `EmailContent.sender`, whose name is a keyword in Python.
_FROM: Final = "from"


def from_content(
    parser: RequestParser, action: campaign_pb2.Action | campaign_pb2.ContentVariant, field: str
) -> Content:
    """Reads the content of an action or of a variant. `field` is the path of it."""
    match action.WhichOneof("content"):
        case "webhook":
            is_default = isinstance(action, campaign_pb2.Action)
            return _from_webhook(parser, action.webhook, f"{field}.webhook", is_default=is_default)
        case "email":
            return _from_email(parser, action.email, f"{field}.email")
        case _:
            parser.add(Violation(f"{field}.email", "REQUIRED", "One of 'email' and 'webhook' must be given."))
            return EmailContent("")


def to_content(content: Content) -> dict[str, Any]:
    """Returns the content under the name of its field in `Action` and in `ContentVariant`."""
    match content:
        case EmailContent():
            return {"email": _to_email(content)}
        case WebhookContent():
            return {"webhook": _to_webhook(content)}


def to_rendered(
    rendered: Rendered, content: Content, provider: Provider | None, files: Iterable[CarriedFile]
) -> dict[str, Any]:
    """Returns the rendered content under the name of its field in `PreviewCampaignResponse` and in `TestCell`."""
    match rendered:
        case RenderedEmail():
            return {"email": _to_rendered_email(rendered, content, provider, files)}
        case RenderedWebhook():
            return {"webhook": _to_rendered_webhook(rendered, content, provider)}


def _from_email(parser: RequestParser, email: email_content_pb2.EmailContent, field: str) -> EmailContent:
    return EmailContent(
        subject=email.subject,
        html=email.html,
        text=email.text,
        sender=from_mailbox(getattr(email, _FROM)) if email.HasField(_FROM) else None,
        reply_to=from_mailbox(email.reply_to) if email.HasField("reply_to") else None,
        headers=read_map(email.headers, MAX_HEADERS),
        attachments=from_content_attachments(parser, email.attachments, f"{field}.attachments"),
        transform=parser.member(TRANSFORM, email.transform, f"{field}.transform"),
    )


def _to_email(email: EmailContent) -> email_content_pb2.EmailContent:
    by_keyword: dict[str, Any] = {_FROM: to_optional_mailbox(email.sender)}
    return email_content_pb2.EmailContent(
        subject=email.subject,
        html=email.html,
        text=email.text,
        reply_to=to_optional_mailbox(email.reply_to),
        headers=email.headers,
        attachments=to_content_attachments(email.attachments),
        transform=TRANSFORM.number(email.transform),
        **by_keyword,
    )


def _to_rendered_email(
    email: RenderedEmail, content: Content, provider: Provider | None, files: Iterable[CarriedFile]
) -> email_content_pb2.RenderedEmail:
    """Returns the e-mail with the sender and the reply address: its own, else the content's, else the provider's."""
    mailboxes = [email, *(each for each in (content, provider) if isinstance(each, EmailContent | SmtpProvider))]
    sender = next((each.sender for each in mailboxes if each.sender), None)
    by_keyword: dict[str, Any] = {_FROM: to_optional_mailbox(sender)}
    return email_content_pb2.RenderedEmail(
        reply_to=to_optional_mailbox(next((each.reply_to for each in mailboxes if each.reply_to), None)),
        subject=email.subject,
        html=email.html,
        text=email.text,
        headers=email.headers,
        attachments=map(to_rendered_attachment, files),
        **by_keyword,
    )


def _from_webhook(
    parser: RequestParser, webhook: webhook_content_pb2.WebhookContent, field: str, *, is_default: bool
) -> WebhookContent:
    body = webhook.WhichOneof("body")
    if body is None and is_default:
        parser.add(required(f"{field}.json"))
    return WebhookContent(
        body=webhook.text if body == "text" else webhook.json,
        format=BodyFormat.TEXT if body == "text" else BodyFormat.JSON,
        method=parser.member(WEBHOOK_METHOD, webhook.method, f"{field}.method")
        or (Method.POST if is_default else None),
        headers=read_map(webhook.headers, MAX_HEADERS),
    )


def _to_webhook(webhook: WebhookContent) -> webhook_content_pb2.WebhookContent:
    body: dict[str, Any] = {webhook.body_field: webhook.body}
    return webhook_content_pb2.WebhookContent(
        method=WEBHOOK_METHOD.number(webhook.method), headers=webhook.headers, **body
    )


def _to_rendered_webhook(
    webhook: RenderedWebhook, content: Content, provider: Provider | None
) -> webhook_content_pb2.RenderedWebhook:
    method = content.method if isinstance(content, WebhookContent) else None
    url = provider.url if isinstance(provider, WebhookProvider) else ""
    return webhook_content_pb2.RenderedWebhook(
        method=WEBHOOK_METHOD.number(method), url=url, headers=webhook.headers, body=webhook.body
    )
