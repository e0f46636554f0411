"""Imports by streams, over the wire: cut, killed, out of order, and while the service stops."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from clarion.v1 import import_service_pb2 as pb
from clarion.v1.profile_pb2 import Profile as WireProfile
from clarion.v1.profile_service_pb2 import ImportedProfile
from clarion_client import AsyncClient, Audience, IdentityList, Profile, Suppression

from tests.e2e.wire.calls import Wire, failure_of
from tests.e2e.wire.conftest import NewService, Sandbox

PROFILES = "/clarion.v1.ImportService/ImportProfilesStream"
IDENTITIES = "/clarion.v1.ImportService/UploadIdentitiesStream"


def profiles(start: int, count: int, **fields: Any) -> pb.ImportProfilesStreamRequest:
    rows = [WireProfile(identities=[f"crm:{number}"]) for number in range(start, start + count)]
    return pb.ImportProfilesStreamRequest(**{"import_id": "june", "position": start, "profiles": rows, **fields})


async def answers(wire: Wire, *requests: Any, path: str = PROFILES) -> list[Any]:
    return [answer async for answer in wire.open(path, requests)]


async def test_each_request_is_answered_in_order_and_again_after_a_cut(sandbox: Sandbox) -> None:
    requests = [profiles(0, 150), profiles(150, 1)]
    first = await answers(sandbox.wire, *requests)
    assert [(answer.position, len(answer.results)) for answer in first] == [(0, 150), (150, 1)]
    assert {result.outcome for answer in first for result in answer.results} == {ImportedProfile.OUTCOME_CREATED}
    assert await answers(sandbox.wire, *requests) == first


async def test_a_stream_that_its_caller_drops_leaves_whole_rows_and_is_continued(sandbox: Sandbox) -> None:
    requests = [profiles(start, 100) for start in range(0, 2_000, 100)]
    call = sandbox.wire.open(PROFILES, requests)
    assert len((await anext(aiter(call))).results) == 100
    call.cancel()
    outcomes = Counter(result.outcome for answer in await answers(sandbox.wire, *requests) for result in answer.results)
    assert outcomes == {ImportedProfile.OUTCOME_CREATED: 2_000}
    assert len([each async for each in sandbox.client.profiles.export()]) == 2_000


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (profiles(1, 1), "position"),
        (profiles(0, 1, import_id=""), "import_id"),
        (profiles(0, 1, position=-1), "position"),
        (profiles(0, 0), "profiles"),
        (profiles(0, 1_001), "profiles"),
    ],
)
async def test_a_request_that_breaks_a_rule_ends_the_stream(
    sandbox: Sandbox, request_: pb.ImportProfilesStreamRequest, field: str
) -> None:
    failure = await sandbox.wire.refuse(PROFILES, request_)
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELDS")
    assert [path for path, _ in failure.violations] == [field]


async def test_a_list_is_replaced_when_its_upload_is_complete(sandbox: Sandbox) -> None:
    await sandbox.client.audiences.create(Audience(name="gold", display_name="Gold", identity_list=IdentityList()))
    upload: dict[str, Any] = {"name": "audiences/gold", "import_id": "one"}
    rows = ["email:a@example.com", "email:A@example.com", "phone:nobody"]
    (first,) = await answers(sandbox.wire, pb.UploadIdentitiesStreamRequest(**upload, identities=rows), path=IDENTITIES)
    assert (first.added_count, first.repeated_count, [each.index for each in first.rejected]) == (1, 1, [2])
    assert (await sandbox.client.audiences.count("gold")).member_count == 0
    last = pb.UploadIdentitiesStreamRequest(**upload, position=3, complete=True)
    for _ in range(2):
        (done,) = await answers(sandbox.wire, last, path=IDENTITIES)
        assert done.identity_list.identity_count == 1
    assert (await sandbox.client.audiences.count("gold")).member_count == 1
    both = pb.UploadIdentitiesStreamRequest(**upload, append=True, complete=True)
    assert (await sandbox.wire.refuse(IDENTITIES, both)).violations == (("complete", "NOT_ALLOWED"),)


async def test_an_import_ends_once_although_the_service_is_killed_in_it(new_service: NewService) -> None:
    """A row that was handled twice, or whose answer was lost, would not be CREATED."""
    count = 6_000
    suppressions = [Suppression(address=f"a{number}@example.com") for number in range(count)]
    people = [Profile(identities=[f"crm:{number}"]) for number in range(count)]
    service = new_service()
    await service.start()
    async with AsyncClient(service.target, api_key=service.admin_key) as client:
        reached = asyncio.Event()
        imports: asyncio.Future[Any] = asyncio.gather(
            outcomes(client.suppressions.import_stream(suppressions), reached),
            outcomes(client.profiles.import_stream(people), reached),
        )
        for _ in range(3):
            reached.clear()
            waiting: asyncio.Future[Any] = asyncio.ensure_future(reached.wait())
            await asyncio.wait([imports, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            await service.kill()
            await service.start()
        assert [dict(found) for found in await imports] == [{"CREATED": count}] * 2
        assert len([each async for each in client.profiles.export()]) == count
        assert len([each async for each in client.suppressions.export()]) == count


async def outcomes(stream: AsyncIterator[tuple[Any, Any]], reached: asyncio.Event) -> Counter[str]:
    found: Counter[str] = Counter()
    async for _, result in stream:
        found[result.outcome] += 1
        if found.total() % 500 == 0:
            reached.set()
    return found


async def test_a_service_that_stops_ends_streams_that_wait_for_requests(new_service: NewService) -> None:
    async with new_service() as service, Wire(service.target, service.admin_key) as wire:
        asked = asyncio.Event()

        async def requests() -> AsyncIterator[Any]:
            yield profiles(0, 1)
            await asked.wait()

        call = wire.open(PROFILES, requests())
        assert len((await anext(aiter(call))).results) == 1
        async with asyncio.timeout(20):
            assert await service.stop() == 0
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await anext(aiter(call))
        assert failure_of(ended.value).code is grpc.StatusCode.UNAVAILABLE
