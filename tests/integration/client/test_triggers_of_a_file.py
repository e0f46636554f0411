"""`clarion trigger --from` while the service answers that it cannot answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from clarion.v1.trigger_service_pb2 import TriggerRequest, TriggerResponse, TriggerStreamResponse
from clarion_client import UnavailableError
from clarion_server.transport.cli import session as cli_session
from clarion_server.transport.cli import trigger_run
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.session import Session
from clarion_server.transport.cli.trigger_lines import Defaults

from tests.integration.client.scripted import fail, failure, serving, unavailable

LINES = 20


class Store:
    """Takes the lines of the given numbers alone."""

    def __init__(self, *taken: int, refusal: Any = None) -> None:
        self._taken = {f"email:{number}@example.com" for number in taken}
        self._refusal = refusal or unavailable()
        self.tried: set[str] = set()

    async def stream(self, requests: Any, _context: Any) -> AsyncIterator[TriggerStreamResponse]:
        async for request in requests:
            if self._takes(request.trigger):
                yield TriggerStreamResponse(accepted=TriggerResponse())
            else:
                yield TriggerStreamResponse(error=self._refusal)

    async def trigger(self, request: TriggerRequest, context: Any) -> TriggerResponse:
        identity = request.recipients[0].identity
        self.tried.add(identity)
        if not self._takes(request):
            await fail(context, self._refusal)
        return TriggerResponse()

    def _takes(self, request: TriggerRequest) -> bool:
        return request.recipients[0].identity in self._taken


async def run(store: Store, folder: Path) -> Exit:
    file = folder / "lines.jsonl"
    file.write_text("".join(json.dumps({"to": f"{number}@example.com"}) + "\n" for number in range(LINES)))
    async with serving(TriggerStream=store.stream, Trigger=store.trigger) as target:
        with Session(target, "clk_x", None, Output(as_json=False)) as session:
            return await asyncio.to_thread(trigger_run.run_lines, session, file, Defaults("orders"))


@pytest.fixture(autouse=True)
def short_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is tried for as long as a run may meet no answer."""
    monkeypatch.setattr(cli_session, "TIMEOUT", 0.5)
    monkeypatch.setattr(trigger_run, "MAX_OUTAGE", 0.1)


async def test_a_run_ends_when_the_service_takes_no_line_any_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(0, 1)
    with pytest.raises(UnavailableError):
        await run(store, tmp_path)
    assert len(store.tried) == 1
    # What was accepted before is counted all the same.
    assert capsys.readouterr().out.startswith("3 lines: ")


async def test_lines_that_are_refused_are_no_sign_that_the_service_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trigger_run, "MAX_OUTAGE", 0.0)
    refusal = failure(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELDS")
    assert await run(Store(refusal=refusal), tmp_path) is Exit.BAD_NEWS
