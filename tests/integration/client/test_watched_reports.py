"""The command line goes on watching a report while the service is away for a moment, and ends at Ctrl-C even then."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any

import grpc
import pytest
from clarion.v1 import report_service_pb2
from clarion_server.transport.cli.app import run
from google.protobuf.message import Message

from tests.integration.client.scripted import Script, failure, serving, unavailable

ARGUMENTS = ("report", "orders", "--watch", "--json", "--api-key", "clk_x")
#: The seconds that only a failing test waits.
DEADLINE = 120


def report(sent: int) -> report_service_pb2.GetCampaignReportResponse:
    return report_service_pb2.GetCampaignReportResponse(report=report_service_pb2.CampaignReport(targeted_count=sent))


async def watched(*answers: Message) -> tuple[int, Script]:
    """Runs the command with a service that gives these answers. Returns the exit code and what was asked."""
    looks = Script(*answers)
    async with serving(GetCampaignReport=looks.answer) as target:
        return await asyncio.to_thread(run, [*ARGUMENTS, "--target", target], ""), looks


async def test_a_report_is_watched_while_the_service_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    refused = failure(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    status, _ = await watched(report(1), unavailable(), unavailable(), report(2), refused)
    printed = capsys.readouterr()
    assert [json.loads(line)["targeted_count"] for line in printed.out.splitlines()] == [1, 2]
    assert (status, json.loads(printed.err)["error"]["reason"]) == (2, "UNAUTHENTICATED")


async def test_a_watch_of_a_service_that_does_not_run_fails_at_once() -> None:
    status, looks = await watched(unavailable(), report(1))
    assert (status, len(looks.requests)) == (3, 1)


async def test_ctrl_c_ends_a_watch_well_while_the_service_is_away() -> None:
    away = asyncio.Event()
    looks = Script(report(1), *[unavailable()] * 1000)

    async def answer(request: Any, context: Any) -> Message:
        # The command waits for longer after each try.
        if len(looks.requests) == 3:
            away.set()
        return await looks.answer(request, context)

    async with serving(GetCampaignReport=answer) as target, asyncio.timeout(DEADLINE):
        command = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "clarion_server", *ARGUMENTS, "--target", target, stdout=-1, stderr=-1
        )
        await away.wait()
        command.send_signal(signal.SIGINT)
        out, err = await command.communicate()
    assert (command.returncode, len(out.splitlines()), err) == (0, 1, b"")
    # The call would make eleven tries before its deadline.
    assert len(looks.requests) < 9
