"""The command line follows the run of an audience while the service is away for a moment, and says how to look on."""

from __future__ import annotations

import asyncio
import json

import grpc
import pytest
from clarion.v1 import audience_run_pb2, execution_pb2, execution_service_pb2, trigger_service_pb2
from clarion_server.transport.cli.app import run
from google.protobuf.message import Message

from tests.integration.client.scripted import Script, failure, serving, unavailable

ARGUMENTS = ("trigger-audience", "offers", "gold", "--max-recipients", "5", "--wait", "--json", "--api-key", "clk_x")
LOOK_ON = "The run goes on by itself. Next: clarion executions get --wait 1"


def execution(state: audience_run_pb2.AudienceRun.State.ValueType) -> execution_pb2.Execution:
    return execution_pb2.Execution(name="executions/1", audience_run=audience_run_pb2.AudienceRun(state=state))


async def triggered(*answers: Message) -> int:
    """Runs the command. The service gives these answers to its looks at the execution, and returns the exit code."""
    begun = trigger_service_pb2.TriggerAudienceResponse(
        execution=execution(audience_run_pb2.AudienceRun.STATE_ACCEPTING)
    )
    looks, triggers = Script(*answers), Script(begun)
    async with serving(GetExecution=looks.answer, TriggerAudience=triggers.answer) as target:
        return await asyncio.to_thread(run, [*ARGUMENTS, "--target", target], "")


async def test_a_run_is_followed_while_the_service_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    done = execution_service_pb2.GetExecutionResponse(execution=execution(audience_run_pb2.AudienceRun.STATE_DONE))
    assert await triggered(unavailable(), unavailable(), done) == 0
    assert json.loads(capsys.readouterr().out)["audience_run"]["state"] == "DONE"


async def test_a_failure_says_how_to_follow_the_run_that_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert await triggered(failure(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["reason"], error["hint"]) == ("UNAUTHENTICATED", LOOK_ON)
