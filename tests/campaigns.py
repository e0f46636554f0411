"""Ready-made campaigns and channel configurations for tests that need some, whatever they say."""

from __future__ import annotations

import datetime as dt
from typing import Any

from clarion_client import (
    Action,
    AsyncClient,
    Campaign,
    Category,
    ChannelConfiguration,
    EmailContent,
    Mailbox,
    RetryPolicy,
    SmtpProvider,
    TlsMode,
)

CONTEXT_SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "string", "maxLength": 100}},
    "required": ["order"],
    "additionalProperties": False,
}
CONTEXT = {"order": "4711"}

#: So short that tests need not wait, so long that a busy machine gets its tries.
RETRIES = RetryPolicy(
    window=dt.timedelta(hours=1), initial_delay=dt.timedelta(seconds=0.1), max_delay=dt.timedelta(seconds=0.5)
)


def channel(name: str, port: int, **fields: Any) -> ChannelConfiguration:
    """Returns a channel configuration towards a plain SMTP server on this machine."""
    smtp = SmtpProvider(
        host="127.0.0.1",
        port=port,
        tls_mode=TlsMode.NONE,
        sender=Mailbox(address="shop@example.com", display_name="The Shop"),
        timeout=dt.timedelta(seconds=5),
    )
    given = {"name": name, "display_name": name, "smtp": smtp, "retry_policy": RETRIES, **fields}
    return ChannelConfiguration(**given)


def campaign(name: str, channel_name: str, **fields: Any) -> Campaign:
    """Returns a small transactional campaign that needs the context `{"order": "…"}`."""
    content = EmailContent(subject="Order {{ context.order }}", text="Your order {{ context.order }} is on its way.")
    given: dict[str, Any] = {
        "name": name,
        "display_name": name,
        "category": Category.TRANSACTIONAL,
        "actions": [Action(channel_configuration=channel_name, email=content)],
        "context_schema": CONTEXT_SCHEMA,
        **fields,
    }
    return Campaign(**given)


async def set_up(client: AsyncClient, name: str, port: int, **fields: Any) -> None:
    """Makes a live campaign of that name, on a channel configuration of the same name."""
    await client.channels.create(channel(name, port))
    await client.campaigns.create(campaign(name, name, **fields))
    await client.campaigns.activate(name)
