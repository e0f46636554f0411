"""Defines the names and settings of Clarion's streams and consumers, and creates them.

An old server ignores a setting that it does not know, so every answer is compared with the request.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import BadRequestError

from clarion_server.adapters.queue.jetstream.address import QueueAddress
from clarion_server.application.ports.queue import QueueUnavailable
from clarion_server.domain.instant import SECOND, Span
from clarion_server.domain.messages.message import Lane

#: Is the oldest server that knows all settings and is fast with consumers over very many subjects.
OLDEST_SERVER = (2, 10)
#: Says how many seconds a server remembers the ids of publications.
_DUPLICATE_WINDOW = 120.0
#: Names that nobody fetches and consumers that nobody uses are deleted after so many seconds: their channel
#: configuration no longer exists. The store still has the messages of all others.
_MAX_AGE = 7 * 86_400.0
#: Holds the error codes (err_code) for a stream that exists with other settings, and for one with overlapping subjects.
_STREAM_EXISTS, _STREAM_OVERLAPS = 10058, 10065
#: Is the range of the keys of trial consumers: below 0, as the keys of channel configurations are positive.
_TRIAL_KEYS = 2**31


@dataclass(frozen=True, slots=True)
class Layout:
    address: QueueAddress
    ack_wait: Span
    """Says how long the server waits for a sign of progress on a name before it delivers the name again."""

    def stream(self, lane: Lane) -> str:
        return f"{self.address.prefix}-{lane.name.lower()}"

    def consumer(self, channel_key: int) -> str:
        return f"channel-{channel_key}"

    def subject(self, lane: Lane, channel_key: int, message_id: str) -> str:
        """Each message has its own subject: a stream that keeps one entry per subject holds no name twice."""
        return f"{self.address.prefix}.{lane.name.lower()}.{channel_key}.{message_id}"

    def trial_subjects(self) -> list[str]:
        """Returns subjects that reach no stream and no consumer. The server accepts them as it does the real ones."""
        return [f"{self.address.prefix}.trial", *(f"$JS.ACK.{self.stream(lane)}.trial" for lane in Lane)]

    async def create_streams(self, js: JetStreamContext) -> None:
        """Creates or updates the streams, and tries a consumer. Raises QueueUnavailable and the errors of nats-py."""
        for lane in Lane:
            await self._create_stream(js, lane)
        # The key is random: with one key, processes that start at the same moment would delete each other's trial.
        lane, trial = Lane.TRANSACTIONAL, -1 - secrets.randbelow(_TRIAL_KEYS)
        await self.create_consumer(js, lane, trial)
        await js.delete_consumer(self.stream(lane), self.consumer(trial))

    async def create_consumer(self, js: JetStreamContext, lane: Lane, channel_key: int) -> None:
        """Creates or updates the consumer. Raises QueueUnavailable and the errors of nats-py."""
        stream, settings = self.stream(lane), self._consumer_settings(lane, channel_key)
        info = await js.add_consumer(stream, ConsumerConfig(**settings))
        _check_settings(f"the consumer {self.consumer(channel_key)} of {stream}", settings, info.config)

    async def _create_stream(self, js: JetStreamContext, lane: Lane) -> None:
        name, settings = self.stream(lane), self._stream_settings(lane)
        config = StreamConfig(**settings)
        try:
            info = await js.add_stream(config)
        except BadRequestError as error:
            if error.err_code == _STREAM_OVERLAPS:
                raise QueueUnavailable(
                    f"another stream there has the subjects of {name}: set another prefix, as in"
                    " CLARION_QUEUE=nats://host:4222?prefix=shop."
                ) from error
            if error.err_code != _STREAM_EXISTS:
                raise
            # An earlier version made it, or the number of replicas has changed.
            info = await js.update_stream(config)
        _check_settings(f"the stream {name}", settings, info.config)

    def _stream_settings(self, lane: Lane) -> dict[str, Any]:
        return {
            "name": self.stream(lane),
            "subjects": [f"{self.address.prefix}.{lane.name.lower()}.>"],
            "retention": "workqueue",
            "storage": "file",
            "num_replicas": self.address.replicas,
            "max_msgs_per_subject": 1,
            "discard": "new",
            "discard_new_per_subject": True,
            "duplicate_window": _DUPLICATE_WINDOW,
            "max_consumers": -1,
            "max_msgs": -1,
            "max_bytes": -1,
            "max_age": _MAX_AGE,
        }

    def _consumer_settings(self, lane: Lane, channel_key: int) -> dict[str, Any]:
        return {
            "name": self.consumer(channel_key),
            "durable_name": self.consumer(channel_key),
            "filter_subject": self.subject(lane, channel_key, "*"),
            "deliver_policy": "all",
            "replay_policy": "instant",
            "ack_policy": "explicit",
            "ack_wait": self.ack_wait / SECOND,
            "max_deliver": -1,
            # Names that wait for their next attempt count too, and must not keep others from their first.
            "max_ack_pending": -1,
            "inactive_threshold": _MAX_AGE,
        }


def _check_settings(what: str, wanted: Mapping[str, Any], config: object) -> None:
    for name, value in wanted.items():
        actual = getattr(config, name)
        # nats-py converts spans to nanoseconds and back.
        same = math.isclose(value, actual or 0) if isinstance(value, float) else value == actual
        if not same:
            raise QueueUnavailable(
                f"the NATS server has set {name} of {what} to {actual!r} instead of {value!r}."
                f" Use nats-server {'.'.join(map(str, OLDEST_SERVER))} or newer, and let nobody else change it."
            )
