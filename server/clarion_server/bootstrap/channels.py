"""Registers the kinds of channels. Rendering, review and sending ask a kind for all that depends on the channel."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.adapters.channels.email import simulated as simulated_emails
from clarion_server.adapters.channels.email.kind import EmailKind
from clarion_server.adapters.channels.email.parts import encode_part
from clarion_server.adapters.channels.email.smtp.channel import SmtpEmailChannel
from clarion_server.adapters.channels.simulation import SimulatingChannel
from clarion_server.adapters.channels.webhook import simulated as simulated_webhooks
from clarion_server.adapters.channels.webhook.kind import WebhookKind
from clarion_server.adapters.rendering.content_kind import ContentKinds
from clarion_server.application.ports.channels import Channel, ChannelFactory, FileEncoder
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.content import Provider
from clarion_server.domain.content.email import EmailContent, SmtpProvider
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider

#: E-mail is the only channel whose messages carry files.
encode_file: FileEncoder = encode_part
CONTENT_KINDS: ContentKinds = {EmailContent: EmailKind(), WebhookContent: WebhookKind()}


def _open_smtp(configuration: ChannelConfiguration) -> Channel:
    return SimulatingChannel(SmtpEmailChannel(configuration), simulated_emails.FAILURES, simulated_emails.RECEIPT)


def _open_webhook(configuration: ChannelConfiguration) -> Channel:
    # Imported when the first webhook leaves: the HTTP client takes memory that many services never need.
    from clarion_server.adapters.channels.webhook.channel import WebhookChannel  # noqa: PLC0415  (see above)

    return SimulatingChannel(WebhookChannel(configuration), simulated_webhooks.FAILURES, simulated_webhooks.RECEIPT)


_FACTORIES: Mapping[type[Provider], ChannelFactory] = {SmtpProvider: _open_smtp, WebhookProvider: _open_webhook}


def open_channel(configuration: ChannelConfiguration) -> Channel:
    """Opens the channel of the configuration's provider, which connects to nothing before its first message."""
    return _FACTORIES[type(configuration.provider)](configuration)
