"""What goes out: names of messages into the streams, and the answers about those that were pulled."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from nats.aio.msg import Msg

from clarion_server.adapters.queue.jetstream.link import PATIENCE, Link, LinkDown, Refused
from clarion_server.domain.instant import Span

log = structlog.get_logger()

#: How many names are under way at once.
BATCH = 256
#: More than so many that wait to be published are left to the relay, which reads them from the store.
_MOST_WAITING = 20_000
#: A stream that has the name already says so in this way. Its err_code is that of a full stream and of a full disk.
_THERE_ALREADY = "maximum messages per subject exceeded"
#: For how long, in seconds, a stream that takes no more names is left alone.
_REST = 10.0
_ACK, _IN_PROGRESS = b"+ACK", b"+WPI"
#: What the tokens of answers to publications begin with, in the inbox.
_PUBLISHED = "p"


@dataclass(frozen=True, slots=True)
class Publication:
    subject: str
    message_name: str | None
    """`Nats-Msg-Id`: a stream takes it once within its window, even where the message has come and gone in between.
    None for what is put back, as that may have been there lately.
    """


class _Batch:
    """Publications under way. `done` when each has its answer."""

    def __init__(self, size: int) -> None:
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._left = size
        self._stored = 0

    def answered(self, message: Msg) -> None:
        if self.done.done():
            return
        error = _error_in(message)
        if error is None:
            self._stored += b'"duplicate"' not in message.data
        elif error.get("description") != _THERE_ALREADY:
            self.done.set_exception(Refused(error) if error else LinkDown("a stream is gone"))
            return
        self._left -= 1
        if not self._left:
            self.done.set_result(self._stored)


class Outbox:
    """Belongs to one event loop."""

    def __init__(self, link: Link, on_refusal: Callable[[], None]) -> None:
        """`on_refusal` is told when a stream takes no more names."""
        self._link = link
        self._on_refusal = on_refusal
        self._refused_until = 0.0
        self._told = False
        self._waiting: deque[Publication] = deque()
        self._answers: deque[tuple[str, bytes]] = deque()
        self._numbers = itertools.count()
        self._batches: dict[int, _Batch] = {}
        self._has_waiting, self._has_answers = asyncio.Event(), asyncio.Event()
        self._closing = False
        self._tasks = [asyncio.create_task(self._post_forever()), asyncio.create_task(self._answer_forever())]

    @property
    def is_refused(self) -> bool:
        """Whether a stream took no more names a moment ago, so that what waits is to be looked up in the store."""
        return asyncio.get_running_loop().time() < self._refused_until

    def post(self, publications: Sequence[Publication]) -> None:
        """Publishes them soon, if the link is up; the relay finds what comes to nothing."""
        if self._link.is_up and not self.is_refused and len(self._waiting) < _MOST_WAITING:
            self._waiting.extend(publications)
            self._has_waiting.set()

    async def publish(self, publications: Sequence[Publication]) -> int:
        """At most `BATCH` of them. Returns when each is in its stream; how many were not before. Raises LinkDown,
        and Refused when a stream takes no more.
        """
        number = next(self._numbers)
        self._batches[number] = batch = _Batch(len(publications))
        reply = self._link.inbox(f"{_PUBLISHED}{number}")
        try:
            # A name may be among them that is only just being acknowledged.
            await self._send_answers()
            for each in publications:
                headers = None if each.message_name is None else {"Nats-Msg-Id": each.message_name}
                await self._link.send(each.subject, b"", reply, headers)
            async with asyncio.timeout(PATIENCE):
                stored = await batch.done
        except Refused as error:
            self._refused(error)
            raise
        except TimeoutError as error:
            raise LinkDown("NATS does not answer") from error
        finally:
            batch.done.cancel()
            del self._batches[number]
        self._taken()
        return stored

    def take(self, token: str, message: Msg) -> bool:
        """Whether what came to the inbox was for here."""
        if not token.startswith(_PUBLISHED):
            return False
        batch = self._batches.get(int(token.removeprefix(_PUBLISHED)))
        if batch is not None:
            batch.answered(message)
        return True

    def acknowledge(self, reply: str) -> None:
        """The name may be forgotten."""
        self._answer(reply, _ACK)

    def postpone(self, reply: str, delay: Span) -> None:
        """The name is to come again after that."""
        self._answer(reply, b'-NAK {"delay": %d}' % (max(delay, 1) * 1_000))

    def keep(self, reply: str) -> None:
        """The name is still in good hands."""
        self._answer(reply, _IN_PROGRESS)

    async def close(self) -> None:
        """What is under way goes out first, as far as the link is up."""
        self._closing = True
        self._waiting.clear()
        self._has_waiting.set()
        self._has_answers.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _refused(self, error: Refused) -> None:
        self._refused_until = asyncio.get_running_loop().time() + _REST
        self._waiting.clear()
        if not self._told:
            self._told = True
            log.warning("queue_takes_no_more", reason=str(error))
        self._on_refusal()

    def _taken(self) -> None:
        if self._told and not self.is_refused:
            self._told = False
            log.info("queue_takes_again")

    def _answer(self, reply: str, body: bytes) -> None:
        # Of a name whose answer is lost the store knows better when it comes again.
        if self._link.is_up:
            self._answers.append((reply, body))
            self._has_answers.set()

    async def _post_forever(self) -> None:
        while not self._closing:
            await self._has_waiting.wait()
            self._has_waiting.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                try:
                    await self.publish(batch)
                except Refused:
                    # What waits is looked up in the store meanwhile.
                    break
                except LinkDown as error:
                    self._waiting.clear()
                    self._link.suspect(error)

    async def _answer_forever(self) -> None:
        while not self._closing or self._answers:
            await self._has_answers.wait()
            self._has_answers.clear()
            await self._send_answers()
            if self._closing:
                return

    async def _send_answers(self) -> None:
        while self._answers:
            reply, body = self._answers.popleft()
            with suppress(LinkDown):
                await self._link.send(reply, body)


def _error_in(message: Msg) -> dict[str, Any] | None:
    """None when the name is stored; empty when there is nobody who could."""
    if not message.data:
        # Nobody listens to the subject: the stream is gone.
        return {}
    if b'"error"' not in message.data:
        return None
    error: dict[str, Any] = orjson.loads(message.data)["error"]
    return error
