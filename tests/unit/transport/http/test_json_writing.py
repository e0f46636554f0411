"""Answers are written as JSON, large ones in a thread."""

from __future__ import annotations

import asyncio
import json

import pytest
from clarion.v1 import execution_pb2
from clarion.v1 import execution_service_pb2 as pb
from clarion_server.transport.http.bindings import bindings_of
from clarion_server.transport.http.json_writing import AnswerWriter

METHOD = pb.DESCRIPTOR.services_by_name["ExecutionService"].methods_by_name["ListExecutions"]


@pytest.mark.parametrize(("count", "others_are_served"), [(1, False), (5_000, True)])
async def test_others_are_served_while_a_large_answer_is_written(count: int, others_are_served: bool) -> None:
    (binding,) = bindings_of(METHOD)
    executions = [execution_pb2.Execution(name=f"executions/{place}", request_id="x" * 50) for place in range(count)]
    answer = pb.ListExecutionsResponse(executions=executions)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    serving = asyncio.create_task(others())
    await asyncio.sleep(0)
    written = await AnswerWriter(binding).write(answer)
    serving.cancel()
    assert [each["name"] for each in json.loads(written)["executions"]] == [each.name for each in executions]
    assert bool(turns) == others_are_served
