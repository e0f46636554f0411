"""Tests what tools find out about a service by themselves: whether it is well, and what it can do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
from clarion_client import AsyncClient
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.contract_services import METHODS, SERVICES
from tests.e2e.wire.calls import Wire
from tests.e2e.wire.conftest import Sandbox
from tests.service import Service

NAMES = {service.full_name for service in SERVICES}
REFLECTION, HEALTH = "grpc.reflection.v1alpha.ServerReflection", "grpc.health.v1.Health"
SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture
async def wire(service: Service) -> AsyncIterator[Wire]:
    """Without a key."""
    async with Wire(service.target) as made:
        yield made


@pytest.mark.parametrize("name", ["", *sorted(NAMES), REFLECTION, HEALTH])
async def test_the_service_and_each_of_its_parts_is_well(wire: Wire, name: str) -> None:
    answer = await health_pb2_grpc.HealthStub(wire.channel).Check(health_pb2.HealthCheckRequest(service=name))
    assert answer.status == SERVING


async def test_a_part_that_does_not_exist_is_not_found(wire: Wire) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await health_pb2_grpc.HealthStub(wire.channel).Check(
            health_pb2.HealthCheckRequest(service="clarion.v1.Nothing")
        )
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_health_can_be_watched(wire: Wire) -> None:
    watch = health_pb2_grpc.HealthStub(wire.channel).Watch(health_pb2.HealthCheckRequest(service=""))
    assert (await watch.read()).status == SERVING
    watch.cancel()


async def ask(wire: Wire, **question: str) -> reflection_pb2.ServerReflectionResponse:
    stub = reflection_pb2_grpc.ServerReflectionStub(wire.channel)
    call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(**question)]))
    answer: reflection_pb2.ServerReflectionResponse = await call.read()
    return answer


async def test_reflection_lists_every_service_of_the_contract(wire: Wire) -> None:
    answer = await ask(wire, list_services="")
    assert {service.name for service in answer.list_services_response.service} == NAMES | {REFLECTION, HEALTH}


async def test_a_tool_that_knows_nothing_can_make_a_call(sandbox: Sandbox, orders: AsyncClient) -> None:
    """Does as grpcurl does: it asks for the descriptors of a service and all they need, and speaks by them."""
    pool = DescriptorPool()
    await learn(sandbox.wire, pool, "clarion.v1.CampaignService")
    method = pool.FindMethodByName("clarion.v1.CampaignService.GetCampaign")
    request = GetMessageClass(method.input_type)(name="campaigns/orders")
    answer = await sandbox.wire.send("/clarion.v1.CampaignService/GetCampaign", request)
    assert answer.campaign.name == "campaigns/orders"


async def learn(wire: Wire, pool: DescriptorPool, symbol: str) -> None:
    answer = await ask(wire, file_containing_symbol=symbol)
    await _add(wire, pool, list(answer.file_descriptor_response.file_descriptor_proto), set())


async def _add(wire: Wire, pool: DescriptorPool, files: list[bytes], known: set[str]) -> None:
    for raw in files:
        file = descriptor_pb2.FileDescriptorProto.FromString(raw)
        for needed in file.dependency:
            if needed not in known:
                answer = await ask(wire, file_by_filename=needed)
                await _add(wire, pool, list(answer.file_descriptor_response.file_descriptor_proto), known)
        if file.name not in known:
            known.add(file.name)
            pool.Add(file)


@pytest.mark.parametrize("path", METHODS)
async def test_reflection_knows_every_method(wire: Wire, path: str) -> None:
    _, service, method = path.split("/")
    answer = await ask(wire, file_containing_symbol=f"{service}.{method}")
    assert answer.file_descriptor_response.file_descriptor_proto
