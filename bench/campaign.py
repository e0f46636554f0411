"""Makes what the bench sends: a small but real order mail, with the schema that every context is checked against."""

from __future__ import annotations

from clarion.v1 import campaign_pb2, category_pb2, channel_configuration_pb2, email_content_pb2, smtp_provider_pb2
from google.protobuf import json_format

CHANNEL_ID = "sink"
SENDER = "orders@shop.example"
# The raw loop uses as many. It is the default of a channel configuration, too.
SMTP_CONNECTIONS = 10

SUBJECT = "Your order {{ context.order_id }}"

TEXT = """\
Hello {{ context.name }},

thank you for your order {{ context.order_id }} of {{ context.total }} {{ context.currency }}.
{% if context.total >= 100 %}Shipping is on us.{% else %}Shipping is 4.90 {{ context.currency }}.{% endif %}

We write again as soon as it is on its way.

Your shop
"""

HTML = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Your order</title></head>
<body style="margin:0;background:#f4f4f7;font-family:Helvetica,Arial,sans-serif">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px">
<table role="presentation" width="560" cellpadding="0" cellspacing="0" style="background:#ffffff;border-radius:6px">
<tr><td style="padding:24px">
<h1 style="margin:0 0 16px;font-size:20px">Hello {{ context.name }},</h1>
<p style="margin:0 0 16px">thank you for your order <strong>{{ context.order_id }}</strong>.</p>
<table role="presentation" width="100%" style="border-top:1px solid #dddddd">
<tr><td>Total</td><td align="right">{{ context.total }} {{ context.currency }}</td></tr>
<tr><td>Shipping</td><td align="right">
{% if context.total >= 100 %}on us{% else %}4.90 {{ context.currency }}{% endif %}</td></tr>
</table>
<p style="margin:16px 0 0">We write again as soon as it is on its way.</p>
</td></tr></table>
</td></tr></table>
</body>
</html>
"""

CONTEXT_SCHEMA = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "minLength": 1, "maxLength": 40},
        "name": {"type": "string", "maxLength": 100},
        "total": {"type": "number", "minimum": 0},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    },
    "required": ["order_id", "name", "total", "currency"],
    "additionalProperties": False,
}


def campaign() -> campaign_pb2.Campaign:
    content = email_content_pb2.EmailContent(subject=SUBJECT, html=HTML, text=TEXT)
    action = campaign_pb2.Action(channel_configuration=f"channelConfigurations/{CHANNEL_ID}", email=content)
    order_mail = campaign_pb2.Campaign(
        display_name="Order confirmed", category=category_pb2.CATEGORY_TRANSACTIONAL, actions=[action]
    )
    json_format.ParseDict(CONTEXT_SCHEMA, order_mail.context_schema)
    return order_mail


def channel_configuration(sink_port: int) -> channel_configuration_pb2.ChannelConfiguration:
    """Sends to the sink without TLS, over as many connections as the raw loop."""
    smtp = smtp_provider_pb2.SmtpProvider(
        host="127.0.0.1",
        port=sink_port,
        tls_mode=smtp_provider_pb2.SmtpProvider.TLS_MODE_NONE,
        sender=email_content_pb2.Mailbox(display_name="Shop", address=SENDER),
    )
    return channel_configuration_pb2.ChannelConfiguration(
        display_name="The bench's sink", smtp=smtp, max_concurrency=SMTP_CONNECTIONS
    )
