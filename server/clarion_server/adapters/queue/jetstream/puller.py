"""Pulls the names of one channel configuration in one lane, many at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import orjson
from nats.aio.msg import Msg

from clarion_server.adapters.queue.jetstream.layout import Layout, check_echo
from clarion_server.adapters.queue.jetstream.link import Link, LinkDown
from clarion_server.domain.message import Lane

#: How many names are asked for at once. They are few bytes each, but no other process gets them meanwhile.
BATCH = 128
#: How long, in seconds, a request waits for names at the server, and how often the server says that it still does.
_EXPIRES, _HEARTBEAT = 30.0, 3.0
#: After so many heartbeats that did not come the request is taken for lost.
_MISSED = 3
_NANOSECONDS = 1_000_000_000
#: How many words a reply has, and which of them is the number left behind.
_SHORT, _BEHIND = 9, 8
_HEARTBEAT_STATUS = "100"
#: The consumer or its stream is gone, or moves to another server.
_CONSUMER_STATUSES = frozenset({"409", "503"})


@dataclass(slots=True)
class AttemptRunner:
    """A name that was pulled, until it is answered."""

    message_id: str
    reply: str
    is_settled_in: bool = False
    """Whether it has been here for a while."""


async def make_consumer(link: Link, layout: Layout, lane: Lane, channel_key: int) -> None:
    """Or makes sure of the one that is there. Raises LinkDown, Refused and QueueUnavailable."""
    stream, consumer = layout.stream(lane), layout.consumer(channel_key)
    settings = layout.consumer_settings(lane, channel_key)
    subject = f"CONSUMER.CREATE.{stream}.{consumer}.{settings['filter_subject']}"
    answer = await link.ask(subject, {"stream_name": stream, "config": settings, "action": ""})
    check_echo(f"the consumer {consumer} of {stream}", settings, answer)


class Puller:
    def __init__(
        self,
        link: Link,
        layout: Layout,
        lane: Lane,
        channel_key: int,
        token: str,
        on_arrival: Callable[[], None],
    ) -> None:
        """`token` is where the inbox gets the server's words about requests."""
        self._link = link
        self._layout = layout
        self._lane = lane
        self._channel_key = channel_key
        self._token = token
        self._on_arrival = on_arrival
        self._has_consumer = False
        self._asked_for = 0
        self._last_sign = 0.0
        self.arrived: deque[AttemptRunner] = deque()
        self.behind = 0
        """How many more the server had when the last one left it."""

    @property
    def has_more(self) -> bool:
        return bool(self.arrived) or self.behind > 0

    async def ask(self) -> None:
        """Unless that is under way. Raises LinkDown, Refused and QueueUnavailable."""
        if self._asked_for or self.arrived:
            return
        if not self._has_consumer:
            await make_consumer(self._link, self._layout, self._lane, self._channel_key)
            self._has_consumer = True
        self._asked_for = BATCH
        self._last_sign = _now()
        request = {
            "batch": BATCH,
            "expires": int(_EXPIRES * _NANOSECONDS),
            "idle_heartbeat": int(_HEARTBEAT * _NANOSECONDS),
        }
        try:
            await self._link.send(self._next, orjson.dumps(request), self._link.inbox(self._token))
        except LinkDown:
            self._asked_for = 0
            raise

    def came(self, message: Msg) -> None:
        """A name. Its subject ends with the message's id; the last number of the reply is what is left behind it."""
        self._last_sign = _now()
        self._asked_for = max(0, self._asked_for - 1)
        self.behind = _behind(message.reply)
        self.arrived.append(AttemptRunner(message.subject.rpartition(".")[2], message.reply))
        self._on_arrival()

    def status_came(self, status: str) -> bool:
        """A word of the server about the request. False when what is pulled from is not as it should be."""
        self._last_sign = _now()
        if status != _HEARTBEAT_STATUS:
            self._asked_for = 0
            self.behind = 0
            self._on_arrival()
        return status not in _CONSUMER_STATUSES

    def check(self) -> None:
        """Asks anew, in time, where the server has said nothing for too long."""
        if self._asked_for and _now() - self._last_sign > _MISSED * _HEARTBEAT:
            self._asked_for = 0
            self._on_arrival()

    def reset(self) -> None:
        """On a new connection: what arrived over the old one is still ours for a while."""
        self._has_consumer = False
        self._asked_for = 0
        self.behind = 0

    @property
    def _next(self) -> str:
        return f"$JS.API.CONSUMER.MSG.NEXT.{self._layout.stream(self._lane)}.{self._layout.consumer(self._channel_key)}"


def _behind(reply: str) -> int:
    """$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<sequence>.<time>.<behind>, or longer, with a domain and an
    account before the stream, and a random word at the end.
    """
    tokens = reply.split(".")
    return int(tokens[_BEHIND] if len(tokens) == _SHORT else tokens[_BEHIND + 2])


def _now() -> float:
    return asyncio.get_running_loop().time()
