"""The ways out: one file a channel."""

from __future__ import annotations

from clarion_server.adapters.channels.magic import MagicChannel
from clarion_server.adapters.channels.smtp_email import SmtpEmailChannel
from clarion_server.application.ports.channels import Channel
from clarion_server.domain.channel import ChannelConfiguration


def open_channel(configuration: ChannelConfiguration) -> Channel:
    """A `ChannelFactory`. Connects to nothing before the first message."""
    return MagicChannel(SmtpEmailChannel(configuration))
