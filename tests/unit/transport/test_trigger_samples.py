"""Samples: what they call, where, and what they say when there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from clarion.v1 import trigger_sample_pb2
from clarion.v1.trigger_sample_pb2 import TriggerSample
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import CampaignNotLive, InvalidFields, NoExample
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.grpc.campaigns import CampaignService

from tests.unit.application.world import AUTHOR, World

NAME = "campaigns/order-confirmed"
Tool = TriggerSample.Tool
#: That needs no data.
PLAIN = (Action("email", "orders", EmailContent("Order", text="Thank you.")),)
OVER_GRPC = {"TOOL_GRPCURL", "TOOL_BUF_CURL", "TOOL_PYTHON", "TOOL_TYPESCRIPT"}


@pytest.fixture
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


async def samples(world: World, public_addresses: PublicAddresses, **request: Any) -> dict[str, str]:
    service = CampaignService(
        world.authoring,
        world.life_cycle,
        world.comparing,
        world.health,
        world.previewing,
        world.sampling,
        public_addresses,
    )
    answer = await service.get_trigger_sample(trigger_sample_pb2.GetTriggerSampleRequest(name=NAME, **request), AUTHOR)
    return {Tool.Name(sample.tool): sample.text for sample in answer.samples}


async def test_without_an_http_address_there_are_no_samples_for_it(world: World) -> None:
    await world.live()
    assert set(await samples(world, PublicAddresses(target="127.0.0.1:50051"))) == OVER_GRPC


async def test_with_an_http_address_its_samples_name_its_port(world: World) -> None:
    await world.live()
    found = await samples(world, PublicAddresses(target="127.0.0.1:50051", http_port=8080))
    assert set(found) == OVER_GRPC | {"TOOL_CURL", "TOOL_CURL_AJO"}
    assert "http://127.0.0.1:8080/v1/campaigns/order-confirmed:trigger" in found["TOOL_CURL"]
    assert "http://127.0.0.1:8080/ajo/im/executions/unitary" in found["TOOL_CURL_AJO"]


async def test_the_addresses_that_the_caller_knows_are_called(world: World) -> None:
    await world.live()
    public_addresses = PublicAddresses(target="127.0.0.1:50051", http_port=8080)
    found = await samples(world, public_addresses, target="clarion.example:443", base_url="https://clarion.example/api")
    assert all("127.0.0.1" not in text for text in found.values())
    assert all("-plaintext" not in text and "prior-knowledge" not in text for text in found.values())
    assert "https://clarion.example/api/v1/campaigns" in found["TOOL_CURL"]


async def test_on_this_machine_nothing_is_encrypted_unless_the_service_does(world: World) -> None:
    await world.live()
    plain = await samples(world, PublicAddresses(target="127.0.0.1:50051"))
    encrypted = await samples(world, PublicAddresses(uses_tls=True, target="127.0.0.1:50051"))
    assert "-plaintext" in plain["TOOL_GRPCURL"]
    assert "tls=True" not in plain["TOOL_PYTHON"]
    assert "-plaintext" not in encrypted["TOOL_GRPCURL"]
    assert "tls=True" in encrypted["TOOL_PYTHON"]
    assert "tls: true" in encrypted["TOOL_TYPESCRIPT"]


async def test_a_service_that_listens_everywhere_is_called_on_this_machine(world: World) -> None:
    await world.live()
    public_addresses = PublicAddresses(uses_tls=True)
    public_addresses.opened("[::]:0", 50051)
    assert " localhost:50051 " in (await samples(world, public_addresses))["TOOL_GRPCURL"]


async def test_data_cannot_leave_the_quotes_it_stands_in(world: World) -> None:
    evil = '\'; echo $(id) `id`\nEND\n""" ${x} {y} %s é'
    schema = {"type": "object", "properties": {"a": {"const": evil}}, "required": ["a"]}
    await world.live(context_schema=schema, actions=PLAIN)
    found = await samples(world, PublicAddresses(target="127.0.0.1:50051", http_port=8080))
    for tool in ("TOOL_GRPCURL", "TOOL_BUF_CURL", "TOOL_CURL", "TOOL_CURL_AJO"):
        data = found[tool].partition("<<'END'\n")[2].removesuffix("\nEND\n")
        assert "\nEND\n" not in data
        assert json.loads(data)["recipients"][0]["context"] == {"a": evil}
    compile(found["TOOL_PYTHON"], "sample", "exec")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target", "clarion.example:443; rm -rf /"),
        ("target", "http://clarion.example"),
        ("target", "a" * 301),
        ("base_url", "clarion.example"),
        ("base_url", "https://clarion.example/"),
        ("base_url", "https://clarion.example/$(id)"),
        ("base_url", "https://user:secret@clarion.example"),
    ],
)
async def test_an_address_that_is_none_is_refused(world: World, field: str, value: str) -> None:
    await world.live()
    with pytest.raises(InvalidFields) as refused:
        await samples(world, PublicAddresses(target="127.0.0.1:50051"), **{field: value})
    assert [violation.field for violation in refused.value.violations] == [field]


async def test_a_draft_has_no_samples(world: World) -> None:
    await world.draft()
    with pytest.raises(CampaignNotLive):
        await samples(world, PublicAddresses(target="127.0.0.1:50051"))


async def test_where_no_context_can_be_found_it_is_said_what_to_do(world: World) -> None:
    unsatisfiable = {"type": "object", "properties": {"a": {"not": {}}}, "required": ["a"]}
    await world.live(context_schema=unsatisfiable, actions=PLAIN)
    with pytest.raises(NoExample, match="examples"):
        await samples(world, PublicAddresses(target="127.0.0.1:50051"))


async def test_people_of_another_namespace_are_sent_to_at_an_address(world: World) -> None:
    await world.live(identity_namespace="crm")
    found = await samples(world, PublicAddresses(target="127.0.0.1:50051", http_port=8080))
    (recipient,) = json.loads(found["TOOL_CURL_AJO"].partition("<<'END'\n")[2].removesuffix("\nEND\n"))["recipients"]
    assert (recipient["namespace"], recipient["userId"]) == ("crm", "4711")
    assert recipient["channelData"] == {"emailAddress": "sent@clarion.test"}
    assert 'address="sent@clarion.test"' in found["TOOL_PYTHON"].replace("'", '"')
