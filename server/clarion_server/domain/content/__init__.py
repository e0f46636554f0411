"""What is sent, by channel. One file a channel: its content, its provider, their rules."""

from __future__ import annotations

from clarion_server.domain.content.email import EmailContent, RenderedEmail, SmtpProvider
from clarion_server.domain.content.webhook import RenderedWebhook, WebhookContent, WebhookProvider

#: The content of an action: what is sent on one channel. Every one has `channel`, `violations`, `address` and
#: `address_violation`.
Content = EmailContent | WebhookContent
#: What a content becomes for one recipient, with every value in its place.
Rendered = RenderedEmail | RenderedWebhook
#: How a channel configuration reaches the world. Every one has `channel`, `field` and `violations`.
Provider = SmtpProvider | WebhookProvider
