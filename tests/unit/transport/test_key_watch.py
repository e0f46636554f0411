"""Streams end when their key is revoked, and not in the middle of an answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from clarion_server.application.access import authentication
from clarion_server.application.access.authentication import KeyAuthenticator
from clarion_server.domain.access.access import Caller, Scope
from clarion_server.domain.errors import ClarionError, Unavailable
from clarion_server.domain.instant import MILLISECOND
from clarion_server.transport.api import key_watch
from clarion_server.transport.api.guard import Guard
from clarion_server.transport.api.in_flight_calls import InFlightCalls
from clarion_server.transport.http.http_context import HttpCall, Refused

from tests.unit.application.running import until
from tests.unit.application.test_authentication import ROOT, Access

DEADLINE_S = 30
UNAUTHENTICATED = 16


@pytest.fixture
async def access(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Access]:
    monkeypatch.setattr(authentication, "TRUST", 5 * MILLISECOND)
    monkeypatch.setattr(key_watch, "_AGAIN_SECONDS", 0.001)
    made = Access()
    yield made
    made.world.close()


class Counting(KeyAuthenticator):
    """Counts the looks at keys that have ended, by how they ended."""

    def __init__(self, access: Access) -> None:
        super().__init__(access.world.transactions, access.world.clock)
        self.ends: Counter[str] = Counter()
        self.is_down = False

    async def authenticate(self, secret: str) -> Caller:
        try:
            if self.is_down:
                raise Unavailable
            caller = await super().authenticate(secret)
        except ClarionError as error:
            self.ends[type(error).__name__] += 1
            raise
        self.ends["known"] += 1
        return caller


class Stream:
    """A stream that answers whenever `answers` has something, and never ends by itself."""

    def __init__(self, authenticator: KeyAuthenticator, secret: str) -> None:
        self.answers: asyncio.Queue[str] = asyncio.Queue()
        self.written: list[str] = []
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.is_writing = self.is_open = False
        guard = Guard("/a/Stream", frozenset({Scope.TRIGGER}), authenticator, InFlightCalls())
        call: Any = HttpCall([(b"authorization", f"Bearer {secret}".encode())], write=self._write)
        self.task: asyncio.Future[None] = asyncio.ensure_future(guard.stream(self._answers)(None, call))

    async def _answers(self, _request: Any, _caller: Caller) -> AsyncGenerator[str]:
        self.is_open = True
        try:
            while True:
                yield await self.answers.get()
        finally:
            self.is_open = False

    async def _write(self, answer: str) -> None:
        self.is_writing = True
        await self.may_write.wait()
        self.written.append(answer)
        self.is_writing = False

    async def refusal(self) -> int:
        """Returns the code of the status that ends it."""
        async with asyncio.timeout(DEADLINE_S):
            with pytest.raises(Refused) as raised:
                await self.task
        assert not self.is_open
        code: int = raised.value.status.code
        return code


async def looks(access: Access, authenticator: Counting, count: int = 3) -> None:
    """Returns when a key was looked at so often again, and is trusted."""
    for _ in range(count):
        before = authenticator.ends["known"]
        access.world.clock.advance(authentication.TRUST)
        await until(lambda before=before: authenticator.ends["known"] > before)  # type: ignore[misc]


@pytest.mark.parametrize("place", ["here", "elsewhere"])
async def test_a_stream_that_waits_ends_when_its_key_is_revoked(access: Access, place: str) -> None:
    new, authenticator = await access.new_key(), Counting(access)
    stream = Stream(authenticator, new.secret)
    stream.answers.put_nowait("first")
    await until(lambda: stream.written == ["first"])
    await looks(access, authenticator)
    assert not stream.task.done()
    await access.elsewhere.revoke(new.key.id, ROOT)
    if place == "here":
        authenticator.invalidate(new.key)
    access.world.clock.advance(authentication.TRUST)
    assert await stream.refusal() == UNAUTHENTICATED


async def test_an_answer_that_is_being_written_is_finished_before_the_end(access: Access) -> None:
    new, authenticator = await access.new_key(), Counting(access)
    stream = Stream(authenticator, new.secret)
    stream.may_write.clear()
    stream.answers.put_nowait("first")
    stream.answers.put_nowait("second")
    await until(lambda: stream.is_writing)
    await access.elsewhere.revoke(new.key.id, ROOT)
    access.world.clock.advance(authentication.TRUST)
    await until(lambda: authenticator.ends["Unauthenticated"] > 0)
    stream.may_write.set()
    assert await stream.refusal() == UNAUTHENTICATED
    assert stream.written == ["first"]


async def test_a_store_that_does_not_answer_ends_no_stream(access: Access) -> None:
    new, authenticator = await access.new_key(), Counting(access)
    stream = Stream(authenticator, new.secret)
    await until(lambda: stream.is_open)
    authenticator.is_down = True
    access.world.clock.advance(authentication.TRUST)
    await until(lambda: authenticator.ends["Unavailable"] >= 3)
    assert not stream.task.done()
    await access.elsewhere.revoke(new.key.id, ROOT)
    authenticator.is_down = False
    assert await stream.refusal() == UNAUTHENTICATED


async def test_a_store_that_does_not_answer_is_left_alone_for_a_while(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_watch, "_AGAIN_SECONDS", 3_600)
    authenticator = Counting(access)
    stream = Stream(authenticator, (await access.new_key()).secret)
    await until(lambda: stream.is_open)
    authenticator.is_down = True
    access.world.clock.advance(authentication.TRUST)
    await until(lambda: authenticator.ends["Unavailable"] > 0)
    # Meanwhile another stream looks at its key again and again.
    elsewhere = Counting(access)
    other = Stream(elsewhere, (await access.new_key()).secret)
    await until(lambda: other.is_open)
    await looks(access, elsewhere, 10)
    assert authenticator.ends["Unavailable"] == 1
    stream.task.cancel()
    other.task.cancel()


async def test_a_caller_who_leaves_is_no_revocation(access: Access) -> None:
    new, authenticator = await access.new_key(), Counting(access)
    stream = Stream(authenticator, new.secret)
    await until(lambda: stream.is_open)
    stream.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stream.task
    assert not stream.is_open
    # Nothing goes on looking at its key, while that of another stream is looked at.
    elsewhere, before = Counting(access), authenticator.ends.total()
    other = Stream(elsewhere, (await access.new_key()).secret)
    await until(lambda: other.is_open)
    await looks(access, elsewhere, 10)
    assert authenticator.ends.total() == before
    other.task.cancel()
