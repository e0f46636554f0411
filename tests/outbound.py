"""E-mails on their way out, and channel configurations towards a server of a test."""

from __future__ import annotations

from typing import Any, Protocol

from clarion_server.application.ports.channels import OutboundEmail
from clarion_server.application.ports.content import RenderedEmail
from clarion_server.domain.campaign import Mailbox
from clarion_server.domain.channel import ChannelConfiguration, SmtpProvider, TlsMode
from clarion_server.domain.instant import SECOND

DATE = 1_795_000_000 * SECOND
SENDER = Mailbox("shop@example.com", "The Shop")


class Server(Protocol):
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


def an_email(address: str = "jane@example.com", **changes: Any) -> OutboundEmail:
    """`changes`: fields of OutboundEmail."""
    defaults: dict[str, Any] = {
        "message_id": "01900000000070008000000000000000-0001",
        "sender": None,
        "reply_to": None,
        "email": RenderedEmail("Order confirmed", "<p>Thank you.</p>", "Thank you."),
        "date": DATE,
    }
    return OutboundEmail(address=address, **(defaults | changes))


def a_configuration(server: Server, *, max_concurrency: int = 10, **changes: Any) -> ChannelConfiguration:
    """Towards `server`, without TLS unless `changes`, fields of SmtpProvider, say so."""
    defaults: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "sender": SENDER,
        "tls_mode": TlsMode.NONE,
        "timeout": 20 * SECOND,
    }
    return ChannelConfiguration(
        sandbox="default",
        id="orders",
        display_name="Orders",
        smtp=SmtpProvider(**(defaults | changes)),
        create_time=DATE,
        update_time=DATE,
        max_concurrency=max_concurrency,
    )
