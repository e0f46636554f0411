"""What Clarion has in JetStream: names, settings, and whether the server took them as they were meant.

A server that does not know a setting leaves it out without a word, so every answer is compared with what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clarion_server.adapters.queue.jetstream.address import QueueAddress
from clarion_server.application.ports.queue import QueueUnavailable
from clarion_server.domain.instant import DAY, SECOND, Span
from clarion_server.domain.message import Lane

#: The oldest that knows all of it and whose consumers over very many subjects are fast.
OLDEST_SERVER = (2, 10)
#: JetStream counts in nanoseconds.
_NANOSECONDS = 1_000
#: For how long a server remembers the ids of messages that it stored.
_DUPLICATE_WINDOW = 120 * SECOND * _NANOSECONDS
#: What nobody asks for goes: names and consumers of channel configurations that are no more. Of others the store knows.
_MAX_AGE = 7 * DAY * _NANOSECONDS


@dataclass(frozen=True, slots=True)
class Layout:
    address: QueueAddress
    ack_wait: Span
    """For how long a name that was pulled is left to whoever pulled it, without a sign of life."""

    def stream(self, lane: Lane) -> str:
        return f"{self.address.prefix}-{lane.name.lower()}"

    def consumer(self, channel_key: int) -> str:
        return f"channel-{channel_key}"

    def channel(self, lane: Lane, channel_key: int) -> str:
        """What the subjects of a channel configuration's messages in a lane begin with."""
        return f"{self.address.prefix}.{lane.name.lower()}.{channel_key}"

    def subject(self, lane: Lane, channel_key: int, message_id: str) -> str:
        """One for each message: a stream that keeps one message a subject holds no name twice."""
        return f"{self.channel(lane, channel_key)}.{message_id}"

    def trials(self) -> list[str]:
        """Subjects of no stream and no consumer, under those that we publish names and answers to."""
        return [f"{self.address.prefix}.trial", *(f"$JS.ACK.{self.stream(lane)}.trial" for lane in Lane)]

    def stream_settings(self, lane: Lane) -> dict[str, Any]:
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

    def consumer_settings(self, lane: Lane, channel_key: int) -> dict[str, Any]:
        return {
            "name": self.consumer(channel_key),
            "durable_name": self.consumer(channel_key),
            "filter_subject": f"{self.channel(lane, channel_key)}.*",
            "deliver_policy": "all",
            "replay_policy": "instant",
            "ack_policy": "explicit",
            "ack_wait": self.ack_wait * _NANOSECONDS,
            "max_deliver": -1,
            # What waits for its next attempt counts as well, and must not keep others from their first.
            "max_ack_pending": -1,
            "inactive_threshold": _MAX_AGE,
        }


def check_echo(what: str, wanted: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Raises QueueUnavailable when the server has not taken the settings as they were meant."""
    config = answer.get("config", {})
    for name, value in wanted.items():
        # Zeros and falsehoods may be left out of an answer.
        if config.get(name, type(value)()) != value:
            raise QueueUnavailable(
                f"the NATS server has not taken {name} of {what} as it was meant: {config.get(name)!r}, not {value!r}."
                f" Use nats-server {'.'.join(map(str, OLDEST_SERVER))} or newer, and let nobody else change it."
            )
