"""PostgreSQL stores no NUL in a text. A request with one is refused before it reaches the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from clarion.v1 import campaign_list_pb2, execution_service_pb2, message_service_pb2
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.queries.commit_signal import CommitSignal
from clarion_server.application.queries.event_watch import EventWatch
from clarion_server.application.queries.lookups import Lookups
from clarion_server.domain.errors import InvalidFields
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.grpc.campaigns import CampaignService
from clarion_server.transport.grpc.executions import ExecutionService
from clarion_server.transport.grpc.messages import MessageService

from tests.unit.application.running import CALLER, Process
from tests.unit.application.world import World

Ask = Callable[[Process], Awaitable[object]]


@pytest.fixture
async def process(open_store: Callable[[], SqlStore]) -> AsyncIterator[Process]:
    """Returns a process in a world with a live campaign."""
    world = World(open_store())
    await world.live()
    made = Process(world)
    yield made
    await made.close()
    world.transactions.close()


async def list_campaigns(process: Process) -> object:
    world = process.world
    service = CampaignService(
        world.authoring,
        world.life_cycle,
        world.comparing,
        world.health,
        world.previewing,
        world.sampling,
        PublicAddresses(target=""),
    )
    return await service.list_campaigns(campaign_list_pb2.ListCampaignsRequest(text="a\0", tags=["b\0"]), CALLER)


async def list_executions(process: Process) -> object:
    service = ExecutionService(Lookups(process.transactions), process.cancelling)
    request = execution_service_pb2.ListExecutionsRequest(campaign="campaigns/order-confirmed", request_id="a\0")
    return await service.list_executions(request, CALLER)


async def list_messages(process: Process) -> object:
    inspecting = Lookups(process.transactions)
    service = MessageService(
        inspecting, process.cancelling, EventWatch(process.transactions, CommitSignal(process.transactions))
    )
    return await service.list_messages(message_service_pb2.ListMessagesRequest(identity="email:a\0"), CALLER)


async def trigger(process: Process) -> object:
    return await process.trigger(request_id="a\0")


REQUESTS: dict[str, tuple[Ask, list[str]]] = {
    "the text and the tags of campaigns": (list_campaigns, ["tags[0]", "text"]),
    "the request id of executions": (list_executions, ["request_id"]),
    "the identity of messages": (list_messages, ["identity"]),
    "the request id of a trigger": (trigger, ["request_id"]),
}


@pytest.mark.parametrize("what", REQUESTS)
async def test_a_request_with_a_nul_is_refused_by_its_field(process: Process, what: str) -> None:
    ask, fields = REQUESTS[what]
    with pytest.raises(InvalidFields) as refused:
        await ask(process)
    assert [(violation.field, violation.reason) for violation in refused.value.violations] == [
        (field, "MALFORMED") for field in fields
    ]
