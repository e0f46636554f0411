"""A request that comes long after the head of its call, whose key was checked before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from clarion_server.application.access.authentication import TRUST
from clarion_server.domain.access.access import Caller, Scope
from clarion_server.transport.api import guard as guard_module
from clarion_server.transport.api.guard import Guard
from clarion_server.transport.api.in_flight_calls import InFlightCalls
from clarion_server.transport.http.http_context import HttpCall, Refused

from tests.unit.application.test_authentication import ROOT, Access

UNAVAILABLE, UNAUTHENTICATED = 14, 16


@pytest.fixture
def access(monkeypatch: pytest.MonkeyPatch) -> Iterator[Access]:
    monkeypatch.setattr(guard_module, "LATE_SECONDS", -1)
    made = Access()
    yield made
    made.world.close()


class LateCall(HttpCall):
    """A call whose request comes when `comes` is set."""

    def __init__(self, secret: str) -> None:
        super().__init__([(b"authorization", f"Bearer {secret}".encode())], "a request", write=self._write)
        self.is_awaited, self.comes = asyncio.Event(), asyncio.Event()
        self.written: list[Any] = []

    async def read(self) -> Any:
        self.is_awaited.set()
        await self.comes.wait()
        return await super().read()

    async def _write(self, answer: Any) -> None:
        self.written.append(answer)


async def echo(request: Any, _caller: Caller) -> Any:
    return request


async def echo_in_a_stream(request: Any, _caller: Caller) -> AsyncGenerator[Any]:
    yield request


def guarded(access: Access, kind: str, in_flight: InFlightCalls) -> guard_module.Guarded:
    guard = Guard("/a/Method", frozenset({Scope.TRIGGER}), access.authenticator, in_flight)
    return guard.unary(echo) if kind == "unary" else guard.stream(echo_in_a_stream)


KINDS = pytest.mark.parametrize("kind", ["unary", "stream"])


@KINDS
@pytest.mark.parametrize("place", ["here", "elsewhere"])
async def test_it_is_refused_when_the_key_was_revoked_meanwhile(access: Access, kind: str, place: str) -> None:
    """Or else calls that were begun in time would go on to be answered for an hour."""
    new = await access.new_key()
    call = LateCall(new.secret)
    calling: asyncio.Future[Any] = asyncio.ensure_future(guarded(access, kind, InFlightCalls())(None, call))
    await call.is_awaited.wait()
    await (access.here if place == "here" else access.elsewhere).revoke(new.key.id, ROOT)
    access.world.clock.advance(TRUST)
    call.comes.set()
    with pytest.raises(Refused) as refused:
        await calling
    assert refused.value.status.code == UNAUTHENTICATED


@KINDS
async def test_its_call_is_in_flight_once_it_is_there(access: Access, kind: str) -> None:
    """A server that stops waits for calls that it has begun, and not for requests that may never end."""
    in_flight = InFlightCalls()
    call = LateCall((await access.new_key()).secret)
    calling: asyncio.Future[Any] = asyncio.ensure_future(guarded(access, kind, in_flight)(None, call))
    await call.is_awaited.wait()
    await in_flight.wait_for_none()
    in_flight.refuse()
    call.comes.set()
    with pytest.raises(Refused) as refused:
        await calling
    assert refused.value.status.code == UNAVAILABLE


@KINDS
async def test_it_is_answered_when_its_key_is_still_good(access: Access, kind: str) -> None:
    call = LateCall((await access.new_key()).secret)
    calling: asyncio.Future[Any] = asyncio.ensure_future(guarded(access, kind, InFlightCalls())(None, call))
    await call.is_awaited.wait()
    access.world.clock.advance(TRUST)
    call.comes.set()
    assert [await calling, *call.written] in ([call.request], [None, call.request])


@KINDS
async def test_a_look_at_a_key_is_in_flight(access: Access, kind: str) -> None:
    in_flight = InFlightCalls()
    call = LateCall((await access.new_key()).secret)
    access.store.read.clear()
    access.store.may_end.clear()
    calling: asyncio.Future[Any] = asyncio.ensure_future(guarded(access, kind, in_flight)(None, call))
    await asyncio.to_thread(access.store.read.wait)
    assert in_flight.count == 1
    access.store.may_end.set()
    call.comes.set()
    await calling
    assert in_flight.count == 0
