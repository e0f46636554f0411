"""Audiences over the wire: by a condition, as a list, counted and sampled."""

from __future__ import annotations

from typing import Any

import pytest
from clarion.v1 import audience_pb2, audience_service_pb2
from clarion_client import (
    AsyncClient,
    Audience,
    FailedEvaluationsCause,
    IdentityList,
    InvalidRequestError,
    Profile,
)

from tests.e2e.wire.conftest import Sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncClient:
    return sandbox.client


async def test_the_members_by_a_condition_are_counted_and_sampled(client: AsyncClient) -> None:
    ages: list[dict[str, Any]] = [{"age": 17}, {"age": 18}, {"age": 19.5}, {"age": "20"}, {}]
    people = [Profile(identities=[f"p{index}@example.com"], attributes=each) for index, each in enumerate(ages)]
    stored = [await client.profiles.create(person) for person in people]
    created = await client.audiences.create(
        Audience(name="adults", display_name="Adults", condition="profile.attributes.age >= 18")
    )
    assert created == await client.audiences.get("adults")
    counted = await client.audiences.count("adults")
    assert (counted.member_count, counted.evaluated_count) == (2, 5)
    assert {each.cause: (each.count, list(each.profiles)) for each in counted.failures} == {
        FailedEvaluationsCause.MISSING_VALUE: (1, [stored[4].name]),
        FailedEvaluationsCause.WRONG_TYPE: (1, [stored[3].name]),
    }
    assert (await client.audiences.sample("adults", 1)).members == (stored[1].name,)
    assert (await client.audiences.sample("adults")).members == (stored[1].name, stored[2].name)


async def test_a_list_is_replaced_when_its_upload_is_complete(client: AsyncClient) -> None:
    await client.audiences.create(Audience(name="vip", display_name="VIP", identity_list=IdentityList()))
    await client.audiences.upload("vip", ["Jane@example.com", "crm:1"])
    many = [f"crm:{number}" for number in range(1_500)]
    uploaded = await client.audiences.upload("vip", [*many, "email:nobody", "crm:0"], upload_id="2026-11")
    assert (uploaded.added_count, uploaded.repeated_count) == (1_500, 1)
    assert [(each.index, each.violation and each.violation.field) for each in uploaded.rejected] == [
        (1_500, "identities[500]")
    ]
    assert (await client.audiences.count("vip")).member_count == 2
    await client.audiences.upload("vip", upload_id="2026-11", complete=True)
    assert (await client.audiences.count("vip")).member_count == 1_500
    stored = await client.audiences.get("vip")
    assert stored.identity_list is not None
    assert stored.identity_list.identity_count == 1_500
    assert (await client.audiences.sample("vip", 2)).members == ("crm:0", "crm:1")


async def test_everything_wrong_with_a_condition_is_told_with_its_place(client: AsyncClient) -> None:
    audience = Audience(name="wrong", display_name="Wrong", condition="profile.plan == 'gold' ||\n nobody")
    with pytest.raises(InvalidRequestError) as refused:
        await client.audiences.create(audience)
    assert refused.value.reason == "AUDIENCE_CONDITION_INVALID"
    assert [violation.field for violation in refused.value.violations] == ["audience.condition"] * 2
    assert refused.value.violations[1].description == "Line 2, column 2: Undeclared reference to 'nobody'."


async def test_an_audience_without_a_condition_and_a_list_is_refused(client: AsyncClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await client.audiences.create(Audience(name="nobody", display_name="Nobody"))
    assert [(violation.field, violation.reason) for violation in refused.value.violations] == [
        ("audience.condition", "REQUIRED")
    ]


async def test_a_negative_sample_is_refused(client: AsyncClient) -> None:
    await client.audiences.create(Audience(name="all", display_name="All", condition="true"))
    with pytest.raises(InvalidRequestError) as refused:
        await client.audiences.sample("all", -1)
    assert [violation.field for violation in refused.value.violations] == ["sample_size"]


async def test_an_audience_with_a_condition_never_becomes_a_list_in_silence(sandbox: Sandbox) -> None:
    """A client that leaves the mask out sends what it wants."""
    client = sandbox.client
    await client.audiences.create(Audience(name="gold", display_name="Gold", condition="true"))
    await client.audiences.create(Audience(name="vip", display_name="VIP", identity_list=IdentityList()))
    path = "/clarion.v1.AudienceService/UpdateAudience"
    listed = audience_pb2.Audience(name="audiences/gold", identity_list=audience_pb2.IdentityList())
    failure = await sandbox.wire.refuse(path, audience_service_pb2.UpdateAudienceRequest(audience=listed))
    assert failure.violations == (("audience.condition", "IMMUTABLE"),)
    assert (await client.audiences.get("gold")).condition == "true"
    # What was read may be sent back.
    listed = audience_pb2.Audience(
        name="audiences/vip", display_name="Guests", identity_list=audience_pb2.IdentityList(identity_count=0)
    )
    await sandbox.wire.send(path, audience_service_pb2.UpdateAudienceRequest(audience=listed))
    assert (await client.audiences.get("vip")).display_name == "Guests"
