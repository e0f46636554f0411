"""Defines contents and providers. Each channel has a file with its content, its provider and their rules."""

from __future__ import annotations

from clarion_server.domain.content.email import EmailContent, RenderedEmail, SmtpProvider
from clarion_server.domain.content.webhook import RenderedWebhook, WebhookContent, WebhookProvider

#: Is the content of an action: what is sent on one channel. Every one has `channel`, `violations`,
#: `variant_violations`, `filled_from`, `sources`, `has_words`, `without_words`, `missing_words`, `address` and
#: `address_violation`.
Content = EmailContent | WebhookContent
#: Is a content that was rendered for one recipient.
Rendered = RenderedEmail | RenderedWebhook
#: Is the provider of a channel configuration. Every one has `channel`, `field` and `violations`.
Provider = SmtpProvider | WebhookProvider
