from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from clarion.v1 import import_service_pb2 as pb
from clarion.v1.profile_service_pb2 import ImportedProfile
from clarion.v1.suppression_service_pb2 import ImportedSuppression
from clarion_client import (
    ConsentChange,
    ConsentChoice,
    ConsentSource,
    FieldError,
    ImportedProfileOutcome,
    InvalidRequestError,
    Profile,
    Suppression,
    UnavailableError,
)

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import fail, failure, serving, unavailable

INVALID = failure(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELDS")


def people(count: int) -> Iterator[Profile]:
    return (Profile(identities=[f"crm:{number}"]) for number in range(count))


class Imports:
    """Answers every request, unless the connection is to be cut before the answer of that number."""

    def __init__(self, *cuts: int) -> None:
        self._cuts = iter(cuts)
        self.connections: list[list[Any]] = []

    async def profiles(self, requests: Any, context: Any) -> AsyncIterator[pb.ImportProfilesStreamResponse]:
        async for request in self._received(requests, context):
            results = [
                ImportedProfile(outcome=ImportedProfile.OUTCOME_CREATED, profile=f"profiles/{request.position + index}")
                for index in range(len(request.profiles))
            ]
            yield pb.ImportProfilesStreamResponse(position=request.position, results=results)

    async def suppressions(self, requests: Any, context: Any) -> AsyncIterator[pb.ImportSuppressionsStreamResponse]:
        async for request in self._received(requests, context):
            results = [ImportedSuppression(outcome=ImportedSuppression.OUTCOME_CREATED)] * len(request.suppressions)
            yield pb.ImportSuppressionsStreamResponse(position=request.position, results=results)

    async def identities(self, requests: Any, context: Any) -> AsyncIterator[pb.UploadIdentitiesStreamResponse]:
        async for request in self._received(requests, context):
            yield pb.UploadIdentitiesStreamResponse(position=request.position, added_count=len(request.identities))

    async def _received(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        received: list[Any] = []
        self.connections.append(received)
        cut = next(self._cuts, None)
        async for request in requests:
            received.append(request)
            if len(received) == cut:
                await fail(context, unavailable())
            yield request


async def test_every_profile_comes_back_with_what_became_of_it(connect: Connect) -> None:
    imports = Imports()
    async with serving(ImportProfilesStream=imports.profiles) as target, connect(target) as client:
        results = [each async for each in client.profiles.import_stream(people(1_201))]
    assert [profile.identities for profile, _ in results] == [[f"crm:{number}"] for number in range(1_201)]
    assert [result.profile for _, result in results] == [f"profiles/{number}" for number in range(1_201)]
    assert {result.outcome for _, result in results} == {ImportedProfileOutcome.CREATED}
    (requests,) = imports.connections
    assert [(request.position, len(request.profiles)) for request in requests] == [(0, 500), (500, 500), (1_000, 201)]
    assert len({request.import_id for request in requests}) == 1


async def test_requests_without_an_answer_are_sent_again_as_they_were(connect: Connect) -> None:
    imports = Imports(2, 1)
    async with serving(ImportProfilesStream=imports.profiles) as target, connect(target) as client:
        results = [result async for _, result in client.profiles.import_stream(people(1_500), import_id="june")]
    assert [result.profile for result in results] == [f"profiles/{number}" for number in range(1_500)]
    first, second, third = imports.connections
    assert [request.position for request in third] == [500, 1_000]
    assert first[1] == second[0] == third[0]
    assert {request.import_id for request in [*first, *second, *third]} == {"june"}


async def test_a_refused_request_ends_the_import_after_the_answers_before_it(connect: Connect) -> None:
    async def refuse(requests: Any, context: Any) -> AsyncIterator[pb.ImportProfilesStreamResponse]:
        answers = Imports().profiles(requests, context)
        yield await anext(answers)
        await fail(context, INVALID)

    seen: list[Any] = []
    async with serving(ImportProfilesStream=refuse) as target, connect(target) as client:
        with pytest.raises(InvalidRequestError):
            await collect(client.profiles.import_stream(people(1_000)), seen)
    assert len(seen) == 500


async def test_a_service_that_stays_away_ends_the_import(connect: Connect) -> None:
    async def refuse(requests: Any, context: Any) -> AsyncIterator[pb.ImportProfilesStreamResponse]:
        if context:
            await fail(context, unavailable())
        yield pb.ImportProfilesStreamResponse()

    async with serving(ImportProfilesStream=refuse) as target, connect(target) as client:
        with pytest.raises(UnavailableError):
            await collect(client.profiles.import_stream(people(1), max_outage=0.1), [])


async def test_what_cannot_be_sent_is_raised_after_the_answers_to_what_can(connect: Connect) -> None:
    broken = [*people(2), Profile(identities=["crm:x"], attributes={"n": float("nan")})]
    seen: list[Any] = []
    async with serving(ImportProfilesStream=Imports().profiles) as target, connect(target) as client:
        with pytest.raises(FieldError, match=r"^\[2\]\.attributes\.n "):
            await collect(client.profiles.import_stream(broken), seen)
    assert len(seen) == 2


async def test_a_row_that_is_larger_than_a_request_is_named_after_the_answers_to_those_before(connect: Connect) -> None:
    imports = Imports()
    larger = Profile(identities=["crm:x"], attributes={"bio": "x" * (4 * 1024 * 1024)})
    seen: list[Any] = []
    async with serving(ImportProfilesStream=imports.profiles) as target, connect(target) as client:
        with pytest.raises(FieldError, match=r"^\[501\] has 4,\d+,\d+ bytes, and a row may have 4,193,280$"):
            await collect(client.profiles.import_stream([*people(501), larger, *people(1)]), seen)
    assert len(seen) == 501


async def test_large_rows_are_sent_few_at_a_time(connect: Connect) -> None:
    imports = Imports()
    large = (Profile(identities=[f"crm:{number}"], attributes={"bio": "x" * 300_000}) for number in range(10))
    async with serving(ImportProfilesStream=imports.profiles) as target, connect(target) as client:
        assert len([each async for each in client.profiles.import_stream(large)]) == 10
    (requests,) = imports.connections
    assert [len(request.profiles) for request in requests] == [3, 3, 3, 1]


async def test_rows_are_not_read_far_ahead_of_their_answers(connect: Connect) -> None:
    read = itertools.count()

    def source() -> Iterator[Profile]:
        for profile in people(50_000):
            next(read)
            yield profile

    async with serving(ImportProfilesStream=Imports().profiles) as target, connect(target) as client:
        stream = client.profiles.import_stream(source())
        await anext(aiter(stream))
        await stream.aclose()
    # The service keeps the answers to 10,000 rows.
    assert next(read) <= 10_000


async def test_choices_go_with_their_profile(connect: Connect) -> None:
    imports = Imports()
    denied = ConsentChange(choice=ConsentChoice.DENIED, source=ConsentSource.IMPORT)
    rows: list[Any] = [Profile(identities=["crm:1"]), (Profile(identities=["crm:2"]), [denied])]
    async with serving(ImportProfilesStream=imports.profiles) as target, connect(target) as client:
        assert len([each async for each in client.profiles.import_stream(rows)]) == 2
    ((request,),) = imports.connections
    assert [(each.profile_index, len(each.changes)) for each in request.consents] == [(1, 1)]


async def test_suppressions_come_back_with_what_became_of_them(connect: Connect) -> None:
    imports = Imports(1)
    rows = [Suppression(address=f"a{number}@example.com") for number in range(501)]
    async with serving(ImportSuppressionsStream=imports.suppressions) as target, connect(target) as client:
        results = [each async for each in client.suppressions.import_stream(rows)]
    assert [row for row, _ in results] == rows
    assert [request.position for request in imports.connections[1]] == [0, 500]


async def test_an_uploaded_list_is_completed_behind_its_identities(connect: Connect) -> None:
    imports = Imports(2)
    texts = [f"crm:{number}" for number in range(600)]
    async with serving(UploadIdentitiesStream=imports.identities) as target, connect(target) as client:
        answers = [each async for each in client.audiences.upload_stream("gold", texts)]
    assert [(list(rows), answer.added_count) for rows, answer in answers] == [
        (texts[:500], 500),
        (texts[500:], 100),
        ([], 0),
    ]
    sent = imports.connections[1]
    assert [(request.position, request.complete) for request in sent] == [(500, False), (600, True)]
    assert {(request.name, request.append) for request in sent} == {("audiences/gold", False)}


async def test_identities_that_are_appended_complete_nothing(connect: Connect) -> None:
    imports = Imports()
    async with serving(UploadIdentitiesStream=imports.identities) as target, connect(target) as client:
        answers = [each async for each in client.audiences.upload_stream("gold", ["a@example.com"], append=True)]
    assert len(answers) == 1
    ((request,),) = imports.connections
    assert (request.append, request.complete, list(request.identities)) == (True, False, ["email:a@example.com"])


async def collect(stream: AsyncIterator[tuple[Any, Any]], seen: list[Any]) -> None:
    async for _, result in stream:
        seen.append(result)
