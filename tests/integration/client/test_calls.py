"""Tests deadlines, tries, metadata, errors, TLS and closing, which every call has in common."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from clarion.v1.campaign_pb2 import Campaign as WireCampaign
from clarion.v1.campaign_service_pb2 import CreateCampaignResponse, GetCampaignResponse
from clarion.v1.profile_service_pb2 import ImportedProfile, ImportProfilesRequest, ImportProfilesResponse
from clarion_client import (
    AsyncClient,
    Campaign,
    Channel,
    ClarionError,
    ConsentChange,
    ConsentChoice,
    ConsentSource,
    DeadlineExceededError,
    FieldError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    Profile,
    UnavailableError,
)
from google.rpc.error_details_pb2 import BadRequest

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import Script, failure, overloaded, serving, unavailable

FOUND = GetCampaignResponse(campaign=WireCampaign(name="campaigns/x"))
CREATED = CreateCampaignResponse(campaign=WireCampaign(name="campaigns/x"))


async def test_a_read_is_tried_again_until_the_service_answers(connect: Connect) -> None:
    script = Script(unavailable(), overloaded(), unavailable(), FOUND)
    async with serving(GetCampaign=script.answer) as target, connect(target) as client:
        campaign = await client.campaigns.get("x")

    assert campaign.name == "campaigns/x"
    assert len(script.requests) == 4


async def test_the_tries_of_a_call_are_one_call_in_the_services_log(connect: Connect) -> None:
    script = Script(unavailable(), FOUND, FOUND)
    async with serving(GetCampaign=script.answer) as target, connect(target) as client:
        await client.campaigns.get("x")
        await client.campaigns.get("x")

    first, again, other = (metadata["x-request-id"] for metadata in script.metadata)
    assert first == again != other
    assert uuid.UUID(first).version == 4


async def test_a_write_that_may_have_been_done_is_not_repeated(connect: Connect) -> None:
    script = Script(unavailable(), CREATED)
    async with serving(CreateCampaign=script.answer) as target, connect(target) as client:
        with pytest.raises(UnavailableError):
            await client.campaigns.create(Campaign(name="x"))

    assert len(script.requests) == 1


async def test_a_write_that_was_refused_for_overload_is_repeated(connect: Connect) -> None:
    script = Script(overloaded(), CREATED)
    async with serving(CreateCampaign=script.answer) as target, connect(target) as client:
        created = await client.campaigns.create(Campaign(name="x"))

    assert created.name == "campaigns/x"


async def test_a_client_that_never_retries_shows_the_first_failure(connect: Connect) -> None:
    script = Script(overloaded(), FOUND)
    async with serving(GetCampaign=script.answer) as target, connect(target, retry=None) as client:
        with pytest.raises(OverloadedError):
            await client.campaigns.get("x")


async def test_a_failure_that_does_not_pass_is_shown_at_once(connect: Connect) -> None:
    missing = failure(grpc.StatusCode.NOT_FOUND, "RESOURCE_NOT_FOUND", resource="campaigns/x")
    script = Script(missing, FOUND)
    async with serving(GetCampaign=script.answer) as target, connect(target) as client:
        with pytest.raises(NotFoundError) as raised:
            await client.campaigns.get("x")

    assert raised.value.reason == "RESOURCE_NOT_FOUND"
    assert raised.value.metadata == {"resource": "campaigns/x"}
    assert raised.value.request_id == script.metadata[0]["x-request-id"]


async def test_tries_share_the_deadline_of_the_call(connect: Connect) -> None:
    script = Script(overloaded(0.5), FOUND)
    async with serving(GetCampaign=script.answer) as target, connect(target) as client:
        await client.campaigns.get("x", timeout=9)

    # gRPC rounds long time-outs up, by less than a tenth of a second here.
    _, second = script.seconds_left
    assert second < 9 - 0.4


async def test_a_delay_beyond_the_deadline_is_not_waited_for(connect: Connect) -> None:
    script = Script(overloaded(60), FOUND)
    async with serving(GetCampaign=script.answer) as target, connect(target) as client:
        with pytest.raises(OverloadedError) as raised:
            await client.campaigns.get("x")

    assert raised.value.retry_after is not None
    assert raised.value.retry_after.total_seconds() == 60


async def test_a_service_that_says_nothing_is_not_waited_for_beyond_the_deadline(connect: Connect) -> None:
    async def silence(request: Any, context: Any) -> None:
        await asyncio.Event().wait()

    async with serving(GetCampaign=silence) as target, connect(target, timeout=0.1) as client:
        with pytest.raises(DeadlineExceededError) as raised:
            await client.campaigns.get("x")

    assert raised.value.reason == ""


async def test_calls_have_ten_seconds_unless_the_caller_says_otherwise(connect: Connect) -> None:
    script = Script(FOUND, FOUND, FOUND)
    async with serving(GetCampaign=script.answer) as target:
        async with connect(target) as client:
            await client.campaigns.get("x")
            await client.campaigns.get("x", timeout=100)
        async with connect(target, timeout=1000) as client:
            await client.campaigns.get("x")

    # gRPC rounds long time-outs up.
    default, of_the_call, of_the_client = script.seconds_left
    assert default < 11 < of_the_call < 130 < of_the_client < 1100


async def test_nobody_at_the_address_is_unavailable(connect: Connect) -> None:
    async with serving() as target:
        pass
    # With retries, the time of the call could end within one of them.
    async with connect(target, retry=None, timeout=60) as client:
        with pytest.raises(UnavailableError) as raised:
            await client.campaigns.get("x")

    assert raised.value.reason == ""


async def test_the_api_key_is_sent_over_loopback_without_tls(connect: Connect) -> None:
    script = Script(FOUND)
    async with serving(GetCampaign=script.answer) as target, connect(target, api_key="secret") as client:
        await client.campaigns.get("x")

    assert script.metadata[0]["authorization"] == "Bearer secret"


async def test_no_api_key_no_authorization(connect: Connect) -> None:
    script = Script(FOUND)
    async with serving(GetCampaign=script.answer) as target, connect(target) as client:
        await client.campaigns.get("x")

    assert "authorization" not in script.metadata[0]
    assert script.metadata[0]["user-agent"].startswith("clarion-python/")


async def test_tls_is_spoken_with_certificates_of_the_callers_own(connect: Connect, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    credentials = grpc.ssl_server_credentials(
        [(certificate.private_key_pem.bytes(), b"".join(pem.bytes() for pem in certificate.cert_chain_pems))]
    )
    script = Script(FOUND)
    async with (
        serving(GetCampaign=script.answer, credentials=credentials) as target,
        connect(target, ca_certificates=bundle, api_key="secret") as client,
    ):
        await client.campaigns.get("x")

    assert script.metadata[0]["authorization"] == "Bearer secret"


async def test_a_certificate_of_nobody_known_is_refused(connect: Connect) -> None:
    certificate = trustme.CA().issue_cert("127.0.0.1")
    credentials = grpc.ssl_server_credentials(
        [(certificate.private_key_pem.bytes(), certificate.cert_chain_pems[0].bytes())]
    )
    script = Script(FOUND)
    async with (
        serving(GetCampaign=script.answer, credentials=credentials) as target,
        connect(target, tls=True, retry=None) as client,
    ):
        with pytest.raises(UnavailableError):
            await client.campaigns.get("x")

    assert script.requests == []


async def test_violations_of_a_thousand_recipients_arrive(connect: Connect) -> None:
    violations = [
        BadRequest.FieldViolation(field=f"recipients[{i}].context.order.total", reason="SCHEMA", description="x" * 80)
        for i in range(5_000)
    ]
    script = Script(
        failure(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELDS", BadRequest(field_violations=violations))
    )
    async with serving(Trigger=script.answer) as target, connect(target) as client:
        with pytest.raises(InvalidRequestError) as raised:
            await client.trigger("x", to="jane@example.com")

    assert len(raised.value.violations) == 5_000


async def test_a_client_that_was_closed_says_so(connect: Connect) -> None:
    async with serving(GetCampaign=Script(FOUND).answer) as target:
        client = connect(target)
        await client.campaigns.get("x")
        await client.close()
        await client.close()

        with pytest.raises(RuntimeError, match=r"The client is closed\."):
            await client.campaigns.get("x")


async def test_a_client_that_never_called_can_be_closed(connect: Connect) -> None:
    client = connect("127.0.0.1:1")

    await client.close()

    with pytest.raises(RuntimeError, match=r"The client is closed\."):
        await client.campaigns.get("x")


async def test_closing_the_client_ends_the_calls_under_way_as_errors(connect: Connect) -> None:
    called = asyncio.Event()

    async def silence(request: Any, context: Any) -> None:
        called.set()
        await asyncio.Event().wait()

    async with serving(GetCampaign=silence) as target:
        client = connect(target)
        call = asyncio.ensure_future(client.campaigns.get("x"))
        await called.wait()
        await client.close()

        with pytest.raises(ClarionError) as raised:
            await call

    assert raised.value.code is grpc.StatusCode.CANCELLED


async def test_cancelling_a_task_cancels_its_call() -> None:
    called, cancelled = asyncio.Event(), asyncio.Event()

    async def silence(request: Any, context: Any) -> None:
        called.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(GetCampaign=silence) as target, AsyncClient(target) as client:
        call = asyncio.ensure_future(client.campaigns.get("x"))
        await called.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(cancelled.wait(), timeout=60)


def test_clients_work_in_one_event_loop_after_the_other() -> None:
    async def call() -> str:
        script = Script(FOUND)
        async with serving(GetCampaign=script.answer) as target, AsyncClient(target) as client:
            return (await client.campaigns.get("x")).name

    assert [asyncio.run(call()), asyncio.run(call())] == ["campaigns/x", "campaigns/x"]


async def test_profiles_with_many_choices_or_large_attributes_are_imported_in_more_calls(connect: Connect) -> None:
    change = ConsentChange(choice=ConsentChoice.GRANTED, channel=Channel.EMAIL, source=ConsentSource.IMPORT)
    large = {"note": "x" * 30_000}
    people = [Profile(identities=[f"crm:{number}"], attributes=large if number >= 100 else {}) for number in range(180)]
    calls: list[ImportProfilesRequest] = []

    async def answer(request: ImportProfilesRequest, _context: Any) -> ImportProfilesResponse:
        calls.append(request)
        results = [ImportedProfile(profile=each.identities[0]) for each in request.profiles]
        return ImportProfilesResponse(results=results)

    async with serving(ImportProfiles=answer) as target, connect(target) as client:
        imported = await client.profiles.import_all(people, consents={number: [change] * 99 for number in range(1, 60)})

    assert [each.profile for each in imported] == [person.identities[0] for person in people]
    assert all(len(call.profiles) + sum(len(of.changes) for of in call.consents) <= 4_000 for call in calls)
    assert all(call.ByteSize() <= 2_100_000 for call in calls)
    owners = [call.profiles[of.profile_index].identities[0] for call in calls for of in call.consents]
    assert owners == [f"crm:{number}" for number in range(1, 60)]
    assert len(calls) == 3


async def test_choices_that_are_of_no_profile_are_refused_before_anything_is_sent(connect: Connect) -> None:
    change = ConsentChange(choice=ConsentChoice.DENIED, source=ConsentSource.IMPORT)

    async with connect("127.0.0.1:9") as client:
        for position in (-1, 2):
            with pytest.raises(FieldError) as refused:
                await client.profiles.import_all([Profile(), Profile()], consents={position: [change]})
            assert refused.value.path == f"consents[{position}]"
