"""Publishes the names of messages into the streams, and sends the acknowledgements of names that were fetched."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog
from nats.errors import Error
from nats.js.errors import APIError

from clarion_server.adapters.queue.jetstream.cancellation import cancel
from clarion_server.adapters.queue.jetstream.connection import Connection

log = structlog.get_logger()

#: Says how many names are published at once.
BATCH = 256
#: When so many names wait, further ones are left to the reconciler, which reads them from the store.
_MAX_WAITING = 20_000
#: A stream refuses so a name that it has. The err_code is that of a full stream or disk as well.
_PRESENT = "maximum messages per subject exceeded"
#: For how long, in seconds, nothing is published after a stream has refused a new name.
_REST = 10.0

#: Sends an acknowledgement of a name: done, again later, or in progress.
Answer = Callable[[], Awaitable[None]]


class Publisher:
    """Publishes the ids of messages. An instance belongs to one event loop."""

    def __init__(self, connection: Connection, on_refusal: Callable[[], None]) -> None:
        """Calls `on_refusal` when a stream has refused a new name."""
        self._connection = connection
        self._on_refusal = on_refusal
        self._refused_until = 0.0
        self._logged = False
        self._waiting: deque[str] = deque()
        self._has_waiting = asyncio.Event()
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._post_forever()), asyncio.create_task(self._answer_forever())]

    @property
    def is_refused(self) -> bool:
        """Returns whether a stream has just refused a name, so that waiting messages must be claimed from the store."""
        return asyncio.get_running_loop().time() < self._refused_until

    def post(self, subjects: Sequence[str]) -> None:
        """Publishes names soon if the connection is up. The reconciler finds those that do not arrive."""
        if self._connection.is_up and not self.is_refused and len(self._waiting) < _MAX_WAITING:
            self._waiting.extend(subjects)
            self._has_waiting.set()

    async def publish(self, subjects: Sequence[str]) -> int:
        """Publishes at most `BATCH` names. Returns how many of them their streams did not have.

        Raises APIError when a stream refuses a new name, and Error when the server does not answer.
        """
        # A name may be among them whose acknowledgement waits to be sent.
        await self._answers.join()
        return sum(await asyncio.gather(*map(self._store, subjects)))

    def answer(self, answer: Answer) -> None:
        """Sends an acknowledgement soon. If it is lost, the name comes again, and the store refuses the claim."""
        self._answers.put_nowait(answer)

    async def close(self) -> None:
        """Sends the acknowledgements that wait."""
        if self._connection.is_up:
            await self._answers.join()
        for task in self._tasks:
            await cancel(task)

    async def _post_forever(self) -> None:
        while True:
            await self._has_waiting.wait()
            self._has_waiting.clear()
            while self._waiting:
                try:
                    await self._post_batch(min(BATCH, len(self._waiting)))
                except APIError:
                    # The consumers claim from the store now.
                    self._waiting.clear()
                except Exception as error:  # noqa: BLE001 - whatever the reason, everything is checked again
                    self._waiting.clear()
                    self._connection.suspect(error)

    async def _post_batch(self, size: int) -> None:
        """Waits for the answer about the last name alone, as every further wait would cost processor time."""
        for left in reversed(range(size)):
            subject = self._waiting.popleft()
            # The server ignores an id that it has seen lately, even if the name has left the stream since.
            headers = {"Nats-Msg-Id": subject}
            if left:
                await self._connection.client.publish(subject, headers=headers)
            else:
                await self._store(subject, headers)

    async def _store(self, subject: str, headers: dict[str, str] | None = None) -> bool:
        """Returns whether the stream did not have the name."""
        try:
            # Not publish_async: in nats-py 2.16 its future stays open for ever when the stream refuses.
            await self._connection.js.publish(subject, headers=headers)
        except APIError as error:
            if error.description == _PRESENT:
                return False
            self._rest(error)
            raise
        if self._logged and not self.is_refused:
            self._logged = False
            log.info("queue_takes_again")
        return True

    def _rest(self, error: APIError) -> None:
        if self.is_refused:
            return
        self._refused_until = asyncio.get_running_loop().time() + _REST
        if not self._logged:
            self._logged = True
            log.warning("queue_takes_no_more", reason=error.description)
        self._on_refusal()

    async def _answer_forever(self) -> None:
        while True:
            answer = await self._answers.get()
            try:
                await answer()
            except (Error, OSError):
                # The connection is lost, which nats-py tells by itself.
                pass
            except Exception as error:  # noqa: BLE001 - whatever the reason, everything is checked again
                self._connection.suspect(error)
            finally:
                self._answers.task_done()
