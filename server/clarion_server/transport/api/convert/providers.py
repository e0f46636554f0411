"""Converts providers from and to protobuf, with one pair of functions per kind. Secrets are never returned."""

from __future__ import annotations

from typing import Any

from clarion.v1 import channel_configuration_pb2, smtp_provider_pb2, webhook_provider_pb2

from clarion_server.domain.content import Provider
from clarion_server.domain.content.email import DEFAULT_PORT, Mailbox, SmtpProvider, TlsMode
from clarion_server.domain.content.webhook import WebhookProvider
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.convert.enums import TLS_MODE
from clarion_server.transport.api.convert.mailboxes import from_mailbox, to_mailbox, to_optional_mailbox
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_duration

_SMTP = SmtpProvider("", 0, Mailbox(""))
_WEBHOOK = WebhookProvider("")


def from_provider(parser: RequestParser, configuration: channel_configuration_pb2.ChannelConfiguration) -> Provider:
    match configuration.WhichOneof("provider"):
        case "webhook":
            return _from_webhook(parser, configuration.webhook)
        case "smtp":
            return _from_smtp(parser, configuration.smtp)
        case _:
            parser.add(Violation("smtp", "REQUIRED", "One of 'smtp' and 'webhook' must be given."))
            return _SMTP


def to_provider(provider: Provider) -> dict[str, Any]:
    """Returns the provider under the name of its field in `ChannelConfiguration`."""
    match provider:
        case SmtpProvider():
            return {"smtp": _to_smtp(provider)}
        case WebhookProvider():
            return {"webhook": _to_webhook(provider)}


def _from_smtp(parser: RequestParser, smtp: smtp_provider_pb2.SmtpProvider) -> SmtpProvider:
    tls_mode = parser.member(TLS_MODE, smtp.tls_mode, "smtp.tls_mode") or TlsMode.STARTTLS
    return SmtpProvider(
        host=smtp.host,
        port=smtp.port or DEFAULT_PORT[tls_mode],
        tls_mode=tls_mode,
        ca_certificates=smtp.ca_certificates,
        username=smtp.username,
        password=smtp.password,
        sender=from_mailbox(smtp.sender),
        reply_to=from_mailbox(smtp.reply_to) if smtp.HasField("reply_to") else None,
        timeout=parser.span(smtp.timeout, "smtp.timeout") if smtp.HasField("timeout") else _SMTP.timeout,
        ehlo_name=smtp.ehlo_name,
        client_certificate=smtp.client_certificate,
        client_key=smtp.client_key,
    )


def _to_smtp(smtp: SmtpProvider) -> smtp_provider_pb2.SmtpProvider:
    return smtp_provider_pb2.SmtpProvider(
        host=smtp.host,
        port=smtp.port,
        tls_mode=TLS_MODE.number(smtp.tls_mode),
        ca_certificates=smtp.ca_certificates,
        username=smtp.username,
        password_set=bool(smtp.password),
        sender=to_mailbox(smtp.sender),
        reply_to=to_optional_mailbox(smtp.reply_to),
        timeout=to_duration(smtp.timeout),
        ehlo_name=smtp.ehlo_name,
        client_certificate=smtp.client_certificate,
        client_key_set=bool(smtp.client_key),
    )


def _from_webhook(parser: RequestParser, webhook: webhook_provider_pb2.WebhookProvider) -> WebhookProvider:
    return WebhookProvider(
        url=webhook.url,
        secret=webhook.secret,
        timeout=parser.span(webhook.timeout, "webhook.timeout") if webhook.HasField("timeout") else _WEBHOOK.timeout,
        ca_certificates=webhook.ca_certificates,
        client_certificate=webhook.client_certificate,
        client_key=webhook.client_key,
        allow_private_addresses=webhook.allow_private_addresses,
    )


def _to_webhook(webhook: WebhookProvider) -> webhook_provider_pb2.WebhookProvider:
    return webhook_provider_pb2.WebhookProvider(
        url=webhook.url,
        secret_set=bool(webhook.secret),
        timeout=to_duration(webhook.timeout),
        ca_certificates=webhook.ca_certificates,
        client_certificate=webhook.client_certificate,
        client_key_set=bool(webhook.client_key),
        allow_private_addresses=webhook.allow_private_addresses,
    )
