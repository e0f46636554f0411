"""Provides a campaign and a channel configuration with every field that an author can set, for the tests of values."""

from __future__ import annotations

import datetime as dt

import clarion_client as client
from clarion_client import (
    Action,
    Campaign,
    Category,
    ChannelConfiguration,
    EmailContent,
    Mailbox,
    TlsMode,
    Value,
)
from clarion_client._conversion import DESCRIPTORS
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

NEW_YEAR = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)

#: Every field that an author can set, in every form that it can take.
CAMPAIGN = Campaign(
    name="campaigns/order-confirmed",
    display_name="Order confirmed",
    description="Sent when an order is paid.",
    tags=("orders", "shop"),
    category=Category.TRANSACTIONAL,
    default_locale="pt-BR",
    identity_namespace="email",
    actions=(
        Action(
            channel_configuration="channelConfigurations/orders",
            email=EmailContent(
                subject="Order {{ context.order.id }}",
                html="<p>Obrigado!</p>",
                from_=Mailbox("orders@shop.example", "Loja São João"),
                reply_to=Mailbox("help@shop.example"),
                headers={"X-Shop": "1"},
            ),
        ),
    ),
    context_schema={"type": "object", "properties": {"order": {"minProperties": 1}}, "required": []},
    schedule=client.Schedule(start_time=NEW_YEAR, end_time=NEW_YEAR + dt.timedelta(days=31, microseconds=1)),
    in_doubt_policy=client.InDoubtPolicy.PARK,
)

CHANNEL = ChannelConfiguration(
    name="channelConfigurations/orders",
    display_name="Orders",
    categories=(Category.TRANSACTIONAL, Category.MARKETING),
    smtp=client.SmtpProvider(
        host="mail.example",
        port=587,
        tls_mode=TlsMode.STARTTLS,
        username="shop",
        password="hunter2",
        sender=Mailbox("orders@shop.example"),
        timeout=dt.timedelta(seconds=1.5),
    ),
    retry_policy=client.RetryPolicy(window=dt.timedelta(0), max_delay=dt.timedelta(minutes=5)),
    max_rate=0.5,
)


def message_type_of(value_type: type[Value]) -> type[Message]:
    return GetMessageClass(DESCRIPTORS[value_type])
