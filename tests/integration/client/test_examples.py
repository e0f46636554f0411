"""Runs the examples."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from clarion.v1.event_pb2 import Event
from clarion.v1.message_service_pb2 import WatchEventsRequest, WatchEventsResponse
from clarion.v1.trigger_service_pb2 import MessageResult, RecipientResult, TriggerResponse, TriggerStreamResponse

from examples import async_client, client
from tests.integration.client.scripted import Script, failure, serving

ACCEPTED = TriggerResponse(
    execution="executions/1", recipients=[RecipientResult(messages=[MessageResult(message="messages/1")])]
)


async def test_the_synchronous_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def watch(request: WatchEventsRequest, context: Any) -> AsyncIterator[WatchEventsResponse]:
        yield WatchEventsResponse(resume_token="1")
        yield WatchEventsResponse(resume_token="2", event=Event(type=Event.TYPE_SENT))

    async with serving(Trigger=Script(ACCEPTED).answer, WatchEvents=watch) as target:
        monkeypatch.setenv("CLARION_TARGET", target)
        await asyncio.to_thread(client.main)

    assert capsys.readouterr().out == "Accepted: messages/1\nBecame: SENT\n"


async def test_the_asynchronous_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    refused = failure(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELDS")

    async def stream(requests: Any, context: Any) -> AsyncIterator[TriggerStreamResponse]:
        async for request in requests:
            named = "@" in request.trigger.recipients[0].identity
            yield TriggerStreamResponse(accepted=ACCEPTED) if named else TriggerStreamResponse(error=refused)

    async with serving(TriggerStream=stream) as target:
        monkeypatch.setenv("CLARION_TARGET", target)
        await async_client.main()

    assert capsys.readouterr().out == "jane@example.com messages/1\nnobody INVALID_FIELDS\nzoë@example.com messages/1\n"
