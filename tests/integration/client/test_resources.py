"""Tests the request and the value of every method."""

from __future__ import annotations

from typing import Any

import clarion_client as client
import pytest
from clarion.v1 import trigger_sample_pb2
from clarion.v1 import trigger_sample_pb2 as sample_pb
from clarion.v1 import trigger_service_pb2 as triggers_pb
from google.protobuf.struct_pb2 import Struct

from tests.integration.client.calls import CASES
from tests.integration.client.cases import Case, rpcs
from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import Script, serving

DATA = Struct(fields={"a": {"number_value": 1}})  # type: ignore[dict-item]  # protobuf takes a dict for a message


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_method_asks_what_it_says_and_returns_the_answer(connect: Connect, case: Case) -> None:
    script = Script(case.answer)
    handlers: dict[str, Any] = {case.rpc: script.answer}
    async with serving(**handlers) as target, connect(target) as tested:
        value = await case.call(tested)

    assert script.requests == [case.request]
    assert case.fits(value)


async def test_samples_are_asked_for_with_the_address_that_the_client_calls(connect: Connect) -> None:
    answer = trigger_sample_pb2.GetTriggerSampleResponse(
        recipient=triggers_pb.Recipient(identity="email:a@b.example", context=DATA),
        samples=[sample_pb.TriggerSample(tool=sample_pb.TriggerSample.TOOL_CURL, text="curl …")],
    )
    script = Script(answer)
    async with serving(GetTriggerSample=script.answer) as target, connect(target) as tested:
        found = await tested.campaigns.sample("x", base_url="https://a.example")

    asked = {"name": "campaigns/x", "target": target, "base_url": "https://a.example"}
    assert script.requests == [trigger_sample_pb2.GetTriggerSampleRequest(**asked)]
    assert found.recipient == client.Recipient("email:a@b.example", {"a": 1})
    assert found.samples == (client.TriggerSample(tool=client.SampleTool.CURL, text="curl …"),)


#: They take or answer streams, which are tested by themselves.
STREAMED = {
    "ExportProfiles",
    "ExportSuppressions",
    "ImportProfilesStream",
    "ImportSuppressionsStream",
    "TestCampaign",
    "UploadAttachment",
    "UploadIdentitiesStream",
    "WatchEvents",
}


def test_every_rpc_of_the_contract_has_a_method() -> None:
    names = set(rpcs())
    methods = {case.rpc for case in CASES.values()}

    # `upload` does what CreateAttachment does, for files of any size.
    elsewhere = {*STREAMED, "GetTriggerSample", "CreateAttachment"}
    assert {name for name in names if not name.startswith("List")} == methods | elsewhere
