"""Messages on their way out, and channel configurations towards a server of a test."""

from __future__ import annotations

from typing import Any, Protocol

from clarion_server.application.ports.channels import Outbound
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.content import Provider
from clarion_server.domain.content.email import EmailContent, Mailbox, RenderedEmail, SmtpProvider, TlsMode
from clarion_server.domain.content.webhook import RenderedWebhook, WebhookContent, WebhookProvider
from clarion_server.domain.instant import SECOND

DATE = 1_795_000_000 * SECOND
SENDER = Mailbox("shop@example.com", "The Shop")
MESSAGE_ID = "01900000000070008000000000000000-0001-0"
SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Server(Protocol):
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


def an_email(
    address: str = "jane@example.com",
    *,
    sender: Mailbox | None = None,
    reply_to: Mailbox | None = None,
    email: RenderedEmail | None = None,
    **changes: Any,
) -> Outbound:
    """`changes` are fields of Outbound."""
    defaults: dict[str, Any] = {
        "message_id": MESSAGE_ID,
        "content": EmailContent("Order confirmed", sender=sender, reply_to=reply_to),
        "rendered": email or RenderedEmail("Order confirmed", "<p>Thank you.</p>", "Thank you."),
        "release_time": DATE,
    }
    return Outbound(address=address, **(defaults | changes))


def a_webhook(
    body: str = '{"order": "4711"}',
    *,
    content: WebhookContent | None = None,
    headers: dict[str, str] | None = None,
    **changes: Any,
) -> Outbound:
    """`changes` are fields of Outbound."""
    defaults: dict[str, Any] = {
        "message_id": MESSAGE_ID,
        "content": content or WebhookContent(body),
        "rendered": RenderedWebhook(body, {"content-type": "application/json", **(headers or {})}),
        "release_time": DATE,
    }
    return Outbound(address="", **(defaults | changes))


def a_configuration(server: Server, *, max_concurrency: int = 10, **changes: Any) -> ChannelConfiguration:
    """Returns one towards the SMTP server, without TLS unless `changes`, fields of SmtpProvider, say so."""
    defaults: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "sender": SENDER,
        "tls_mode": TlsMode.NONE,
        "timeout": 20 * SECOND,
    }
    return _configuration(SmtpProvider(**(defaults | changes)), max_concurrency)


def a_webhook_configuration(url: str, *, max_concurrency: int = 10, **changes: Any) -> ChannelConfiguration:
    """Returns one towards the URL, which may be on this machine unless `changes`, fields of WebhookProvider, say so."""
    defaults: dict[str, Any] = {"allow_private_addresses": True, "timeout": 20 * SECOND}
    return _configuration(WebhookProvider(url, **(defaults | changes)), max_concurrency)


def _configuration(provider: Provider, max_concurrency: int) -> ChannelConfiguration:
    return ChannelConfiguration(
        sandbox="default",
        id="orders",
        display_name="Orders",
        provider=provider,
        create_time=DATE,
        update_time=DATE,
        max_concurrency=max_concurrency,
    )
