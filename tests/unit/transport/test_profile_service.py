"""ProfileService, from request to answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from clarion.v1 import consent_pb2, profile_pb2
from clarion.v1 import profile_service_pb2 as pb
from clarion_server.adapters.phone_numbers import read_phone_number
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.profiles.profile_export import ExportProfiles
from clarion_server.application.profiles.profile_import import ImportProfiles
from clarion_server.application.profiles.profile_merge import ProfileMerger
from clarion_server.application.profiles.profiles import ManageProfiles
from clarion_server.bootstrap.people import choice_recorder
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.errors import (
    EtagMismatch,
    IdentityTaken,
    InvalidFields,
    InvalidPageToken,
    ProfileUnknown,
    ResourceNotFound,
)
from clarion_server.transport.grpc.profiles import ProfileService
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict

from tests.unit.application.world import CountingIds, World

CALLER = Caller("apiKeys/shop", Visibility("default"), frozenset({Scope.ADMIN}))
STRANGER = Caller("apiKeys/other", Visibility("staging"), frozenset({Scope.ADMIN}))


@pytest.fixture
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


@pytest.fixture
def service(world: World) -> ProfileService:
    reader = IdentityReader(read_phone_number)
    ids = CountingIds()
    return ProfileService(
        ManageProfiles(world.transactions, reader, world.clock, ids),
        ImportProfiles(world.transactions, reader, choice_recorder(world.clock, ids), world.clock, ids),
        ExportProfiles(world.transactions),
        ProfileMerger(world.transactions, world.clock),
        world.erasures,
    )


def profile(*identities: str, attributes: dict[str, Any] | None = None, **fields: Any) -> profile_pb2.Profile:
    made = profile_pb2.Profile(identities=identities, **fields)
    if attributes is not None:
        made.attributes.update(attributes)
    return made


async def create(service: ProfileService, *identities: str, **fields: Any) -> profile_pb2.Profile:
    request = pb.CreateProfileRequest(profile=profile(*identities, **fields))
    return (await service.create_profile(request, CALLER)).profile


async def update(service: ProfileService, changed: profile_pb2.Profile, *paths: str) -> profile_pb2.Profile:
    request = pb.UpdateProfileRequest(profile=changed, update_mask=FieldMask(paths=paths))
    return (await service.update_profile(request, CALLER)).profile


async def get(service: ProfileService, name: str, caller: Caller = CALLER) -> profile_pb2.Profile:
    return (await service.get_profile(pb.GetProfileRequest(name=name), caller)).profile


async def lookup(service: ProfileService, identity: str, caller: Caller = CALLER) -> profile_pb2.Profile:
    return (await service.lookup_profile(pb.LookupProfileRequest(identity=identity), caller)).profile


def violations(error: pytest.ExceptionInfo[InvalidFields]) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in error.value.violations]


async def test_a_profile_is_stored_as_it_was_given(service: ProfileService) -> None:
    attributes = {"first_name": "Jane", "age": 42, "home": {"city": "Köln"}}
    created = await create(
        service, "email:Jane@Example.com", "crm:4711", attributes=attributes, locale="de", time_zone="Asia/Calcutta"
    )
    assert created.name.startswith("profiles/")
    assert created.etag
    assert list(created.identities) == ["email:Jane@Example.com", "crm:4711"]
    assert MessageToDict(created.attributes) == attributes
    assert (created.locale, created.time_zone) == ("de", "Asia/Calcutta")
    assert await get(service, created.name) == created


async def test_a_profile_is_found_by_every_form_of_its_identities(service: ProfileService) -> None:
    created = await create(service, "email:jane@bücher.example", "phone:+44 7911 123456")
    assert await lookup(service, "email:JANE@xn--bcher-kva.example") == created
    assert await lookup(service, "phone:+447911123456") == created


async def test_nobody_is_found_by_an_identity_that_no_profile_has(service: ProfileService) -> None:
    await create(service, "email:jane@example.com")
    with pytest.raises(ProfileUnknown) as caught:
        await lookup(service, "email:joe@example.com")
    assert "joe" not in str(caught.value)
    with pytest.raises(InvalidFields) as refused:
        await lookup(service, "phone:112")
    assert violations(refused) == [("identity", "MALFORMED")]


async def test_other_sandboxes_see_nothing_and_may_have_the_same_identity(service: ProfileService) -> None:
    created = await create(service, "email:jane@example.com")
    with pytest.raises(ResourceNotFound):
        await get(service, created.name, STRANGER)
    with pytest.raises(ProfileUnknown):
        await lookup(service, "email:jane@example.com", STRANGER)
    with pytest.raises(ResourceNotFound):
        await service.delete_profile(pb.DeleteProfileRequest(name=created.name), STRANGER)
    request = pb.UpdateProfileRequest(profile=created, update_mask=FieldMask(paths=["locale"]))
    with pytest.raises(ResourceNotFound):
        await service.update_profile(request, STRANGER)
    assert not (await service.list_profiles(pb.ListProfilesRequest(), STRANGER)).profiles
    there = pb.CreateProfileRequest(profile=profile("email:jane@example.com"))
    assert (await service.create_profile(there, STRANGER)).profile.name != created.name


async def test_a_taken_identity_is_refused_with_its_owner_and_without_the_identity(service: ProfileService) -> None:
    owner = await create(service, "email:jane@example.com")
    with pytest.raises(IdentityTaken) as caught:
        await create(service, "crm:1", "email:Jane@Example.com")
    assert (caught.value.field, caught.value.owner) == ("profile.identities[1]", owner.name)
    assert "jane" not in str(caught.value).lower()
    with pytest.raises(ProfileUnknown):
        await lookup(service, "crm:1")


async def test_an_update_that_adds_a_taken_identity_changes_nothing(service: ProfileService) -> None:
    await create(service, "email:jane@example.com")
    joe = await create(service, "email:joe@example.com")
    changed = profile("email:joe@example.com", "email:jane@example.com", name=joe.name, locale="fr")
    with pytest.raises(IdentityTaken):
        await update(service, changed, "identities", "locale")
    assert await get(service, joe.name) == joe


async def test_a_request_without_a_profile_is_refused(service: ProfileService) -> None:
    with pytest.raises(InvalidFields) as caught:
        await service.create_profile(pb.CreateProfileRequest(), CALLER)
    assert violations(caught) == [("profile", "REQUIRED")]
    with pytest.raises(InvalidFields) as caught:
        await service.update_profile(pb.UpdateProfileRequest(), CALLER)
    assert violations(caught) == [("profile", "REQUIRED")]


async def test_everything_that_is_wrong_is_listed_at_once(service: ProfileService) -> None:
    bad = profile("email:jane", "crm:1", "crm:1", attributes={"a b": 1}, locale="x y", time_zone="GMT+2")
    with pytest.raises(InvalidFields) as caught:
        await service.create_profile(pb.CreateProfileRequest(profile=bad), CALLER)
    assert sorted(violations(caught)) == [
        ("profile.attributes.a b", "MALFORMED"),
        ("profile.identities[0]", "MALFORMED"),
        ("profile.identities[2]", "DUPLICATE"),
        ("profile.locale", "MALFORMED"),
        ("profile.time_zone", "MALFORMED"),
    ]


@pytest.mark.parametrize(
    ("identities", "expected"),
    [
        ([], [("profile.identities", "REQUIRED")]),
        ([f"crm:{number}" for number in range(21)], [("profile.identities", "TOO_MANY")]),
    ],
)
async def test_too_few_and_too_many_identities_are_one_violation(
    service: ProfileService, identities: list[str], expected: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidFields) as caught:
        await create(service, *identities)
    assert violations(caught) == expected


async def test_requests_without_a_profile_are_refused(service: ProfileService) -> None:
    with pytest.raises(InvalidFields):
        await service.create_profile(pb.CreateProfileRequest(), CALLER)
    with pytest.raises(InvalidFields):
        await service.update_profile(pb.UpdateProfileRequest(), CALLER)


async def test_single_attributes_are_set_and_removed_and_the_others_stay(service: ProfileService) -> None:
    created = await create(service, "crm:1", attributes={"plan": "free", "city": "Köln", "age": 42, "vip": True})
    changed = profile(name=created.name, attributes={"plan": "gold", "city": None, "vip": False})
    updated = await update(service, changed, "attributes.plan", "attributes.city", "attributes.age")
    assert MessageToDict(updated.attributes) == {"plan": "gold", "vip": True}
    assert updated.etag != created.etag
    assert await get(service, created.name) == updated


async def test_whole_attributes_are_replaced_and_a_null_is_never_stored(service: ProfileService) -> None:
    created = await create(service, "crm:1", attributes={"plan": "free", "city": None})
    assert MessageToDict(created.attributes) == {"plan": "free"}
    updated = await update(service, profile(name=created.name, attributes={"age": 42, "plan": None}), "attributes")
    assert MessageToDict(updated.attributes) == {"age": 42}


async def test_without_a_mask_the_populated_fields_change(service: ProfileService) -> None:
    created = await create(service, "crm:1", attributes={"plan": "free"}, locale="de", time_zone="UTC")
    updated = await update(service, profile(name=created.name, locale="fr"))
    assert (updated.locale, updated.time_zone, MessageToDict(updated.attributes)) == ("fr", "UTC", {"plan": "free"})
    emptied = await update(service, profile("crm:2", name=created.name), "*")
    assert (emptied.locale, emptied.time_zone, MessageToDict(emptied.attributes)) == ("", "", {})


async def test_an_update_breaks_rules_by_the_paths_of_the_request(service: ProfileService) -> None:
    created = await create(service, "crm:1")
    with pytest.raises(InvalidFields) as caught:
        await update(service, profile(name=created.name, attributes={"x": "\0"}), "attributes.x", "create_time")
    assert violations(caught) == [("update_mask.paths[1]", "IMMUTABLE"), ("profile.attributes", "MALFORMED")]
    assert await get(service, created.name) == created


async def test_an_old_etag_is_refused(service: ProfileService) -> None:
    created = await create(service, "crm:1")
    await update(service, profile(name=created.name, locale="fr"), "locale")
    with pytest.raises(EtagMismatch):
        await update(service, profile(name=created.name, locale="de", etag=created.etag), "locale")
    with pytest.raises(EtagMismatch):
        await service.delete_profile(pb.DeleteProfileRequest(name=created.name, etag=created.etag), CALLER)
    assert (await get(service, created.name)).locale == "fr"


async def test_validating_stores_nothing(service: ProfileService) -> None:
    created = await create(service, "crm:1")
    wanted = pb.CreateProfileRequest(profile=profile("crm:2"), validate_only=True)
    answer = (await service.create_profile(wanted, CALLER)).profile
    assert (answer.name, answer.etag) == ("", "")
    with pytest.raises(IdentityTaken):
        await service.create_profile(pb.CreateProfileRequest(profile=profile("crm:1"), validate_only=True), CALLER)
    change = pb.UpdateProfileRequest(profile=profile(name=created.name, locale="fr"), validate_only=True)
    assert (await service.update_profile(change, CALLER)).profile.locale == "fr"
    assert list((await service.list_profiles(pb.ListProfilesRequest(), CALLER)).profiles) == [created]


async def test_a_deleted_profile_is_gone_and_its_identity_is_free(service: ProfileService) -> None:
    created = await create(service, "email:jane@example.com")
    deleted = await service.delete_profile(pb.DeleteProfileRequest(name=created.name, etag=created.etag), CALLER)
    assert (deleted.cancelled_count, deleted.suppressed_address_count) == (0, 1)
    with pytest.raises(ResourceNotFound):
        await get(service, created.name)
    with pytest.raises(ProfileUnknown):
        await lookup(service, "email:jane@example.com")
    assert (await create(service, "email:jane@example.com")).name != created.name


async def test_an_address_is_forgotten_if_the_caller_says_so(service: ProfileService) -> None:
    created = await create(service, "email:jane@example.com")
    forgetting = pb.DeleteProfileRequest(name=created.name, keep_suppression=False)
    assert (await service.delete_profile(forgetting, CALLER)).suppressed_address_count == 0


async def test_profiles_are_listed_in_pages_oldest_first(service: ProfileService) -> None:
    made = [await create(service, f"crm:{number}") for number in range(5)]
    first = await service.list_profiles(pb.ListProfilesRequest(page_size=3), CALLER)
    rest = await service.list_profiles(pb.ListProfilesRequest(page_size=3, page_token=first.next_page_token), CALLER)
    assert [*first.profiles, *rest.profiles] == made
    assert not rest.next_page_token
    with pytest.raises(InvalidPageToken):
        await service.list_profiles(pb.ListProfilesRequest(page_token=first.next_page_token), STRANGER)


async def test_profiles_are_imported_with_choices_each_with_its_result(service: ProfileService) -> None:
    denied = consent_pb2.ConsentChange(
        choice=consent_pb2.Consent.CHOICE_DENIED, source=consent_pb2.ConsentChange.SOURCE_IMPORT
    )
    request = pb.ImportProfilesRequest(
        profiles=[profile("crm:1"), profile("email:jane"), profile("crm:3")],
        consents=[
            pb.ImportedConsents(profile_index=0, changes=[denied]),
            pb.ImportedConsents(profile_index=2, changes=[denied, consent_pb2.ConsentChange()]),
        ],
    )
    results = (await service.import_profiles(request, CALLER)).results
    outcome = pb.ImportedProfile.Outcome
    assert [result.outcome for result in results] == [
        outcome.OUTCOME_CREATED,
        outcome.OUTCOME_REJECTED,
        outcome.OUTCOME_REJECTED,
    ]
    assert results[0].profile == (await lookup(service, "crm:1")).name
    assert [violation.field for violation in results[1].violations] == ["identities[0]"]
    assert [violation.field for violation in results[2].violations] == ["consents[1].choice", "consents[1].source"]
    request.consents[1].profile_index = 3
    with pytest.raises(InvalidFields) as caught:
        await service.import_profiles(request, CALLER)
    assert violations(caught) == [("consents[1].profile_index", "OUT_OF_RANGE")]
