"""A channel that is open for one revision of its configuration."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

from clarion_server.application.ports.channels import Channel, ChannelFactory
from clarion_server.application.sending.rate_limit import RateLimiter
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.instant import SECOND, Instant


class OpenChannel:
    """Entered for each attempt, so that a retired line closes after its last one."""

    def __init__(self, configuration: ChannelConfiguration, open_channel: ChannelFactory) -> None:
        self.configuration = configuration
        self.channel: Channel = open_channel(configuration)
        self._pacer = RateLimiter(configuration.max_rate, _steady_now)
        self._under_way = 0
        self._closing: asyncio.Task[None] | None = None
        self._retired = False

    async def turn(self) -> None:
        """Returns when the configuration's rate allows another hand-off."""
        if delay := self._pacer.reserve():
            await asyncio.sleep(delay / SECOND)

    async def __aenter__(self) -> None:
        self._under_way += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way -= 1
        self._close_if_over()

    def retire(self) -> None:
        """Takes no new attempts; closes by itself."""
        self._retired = True
        self._close_if_over()

    async def close(self) -> None:
        await self.channel.close()

    def _close_if_over(self) -> None:
        if self._retired and self._under_way == 0 and self._closing is None:
            self._closing = asyncio.create_task(self.close())


def _steady_now() -> Instant:
    """Not the time of day: when that is set back, hand-offs must not wait for it to come again."""
    return time.monotonic_ns() // 1_000
