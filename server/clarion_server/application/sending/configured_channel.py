"""Holds a channel open for one revision of its configuration."""

from __future__ import annotations

import asyncio
from types import TracebackType

from clarion_server.application.ports.channels import Channel, ChannelFactory
from clarion_server.application.sending.rate_limit import RateLimiter
from clarion_server.domain.channels.channel import ChannelConfiguration


class ConfiguredChannel:
    """Counts the attempts that use the channel: each enters it as a context. After `retire`, closes the channel behind
    the last of them.
    """

    def __init__(self, configuration: ChannelConfiguration, open_channel: ChannelFactory) -> None:
        self.configuration = configuration
        self.channel: Channel = open_channel(configuration)
        self.rate_limiter = RateLimiter(configuration.max_rate)
        self._attempts = 0
        self._closing: asyncio.Task[None] | None = None
        self._retired = False

    def __enter__(self) -> None:
        self._attempts += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._attempts -= 1
        self._close_if_unused()

    def retire(self) -> None:
        """Closes the channel as soon as no attempt uses it, and lets nobody wait any longer for its rate limiter."""
        self._retired = True
        self.rate_limiter.end()
        self._close_if_unused()

    async def close(self) -> None:
        await self.channel.close()

    def _close_if_unused(self) -> None:
        if self._retired and self._attempts == 0 and self._closing is None:
            self._closing = asyncio.create_task(self.close())
