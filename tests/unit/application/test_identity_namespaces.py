"""Namespaces of identities: what changes how people are compared, and what must not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.adapters.phone_numbers import is_phone_region
from clarion_server.adapters.system import SystemIds
from clarion_server.application.audiences.uploading import AudienceUploads, UploadIdentities
from clarion_server.application.consent.consents import Person
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.identity_namespaces.namespaces import ManageIdentityNamespaces
from clarion_server.application.profiles.profile_import import ImportedProfile, ImportProfiles
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields, UpdateProfile
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.bootstrap.people import choice_recorder
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import UnknownRecipientPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.errors import (
    EtagMismatch,
    IdentityTaken,
    InvalidFields,
    NamespaceInUse,
    ResourceExists,
    ResourceNotFound,
)
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import Lane, MessageState
from clarion_server.domain.people.identity import Normalisation
from clarion_server.domain.people.identity_namespace import MAX_NAMESPACES, NamespaceResource
from clarion_server.domain.people.import_result import ImportOutcome
from clarion_server.domain.people.profile import Profile

from tests.identities import IDENTITIES
from tests.unit.application.consenting import EMAIL, Consents, a
from tests.unit.application.running import CALLER, CONTEXT, Process, claimed, messages, states
from tests.unit.application.world import AUTHOR, STRANGER, World

EXACT, LOWER, PHONE = Normalisation.EXACT, Normalisation.LOWER, Normalisation.PHONE
CRM = NamespaceResource(sandbox="", id="", create_time=0, update_time=0, display_name="Customers", normalisation=LOWER)


class Namespaces(ManageIdentityNamespaces):
    """Is the use case over the world's store, with shorter calls."""

    def __init__(self, world: World) -> None:
        super().__init__(world.transactions, is_phone_region, world.clock)

    async def make(
        self, namespace_id: str = "crm", normalisation: Normalisation = LOWER, default_region: str = ""
    ) -> NamespaceResource:
        sent = replace(CRM, normalisation=normalisation, default_region=default_region)
        return await self.create(CreateResource(namespace_id, ResourceInput(sent)), AUTHOR)

    async def rename(self, namespace_id: str, display_name: str, etag: str = "") -> NamespaceResource:
        sent = ResourceInput(replace(CRM, display_name=display_name))
        return await self.update(UpdateResource(namespace_id, sent, frozenset({"display_name"}), etag), AUTHOR)

    async def ids(self) -> list[str]:
        return [each.id for each in await self.page(None, 1_000, AUTHOR)]


@pytest.fixture
def namespaces(world: World) -> Namespaces:
    return Namespaces(world)


async def store(world: World, *identities: str) -> Profile:
    return await world.profiles.create(CreateProfile(ProfileFields(identities, {}, "", "")), CALLER)


async def in_use(namespaces: Namespaces, namespace_id: str = "crm") -> str:
    """Returns what keeps the rule of the namespace from changing."""
    with pytest.raises(NamespaceInUse) as refused:
        await namespaces.make(namespace_id)
    return refused.value.user


async def test_a_namespace_is_created_renamed_and_deleted(world: World, namespaces: Namespaces) -> None:
    made = await namespaces.make()
    assert (made.name, made.rules.normalisation, made.display_name) == ("identityNamespaces/crm", LOWER, "Customers")
    assert await namespaces.get("crm", AUTHOR) == made
    world.clock.advance(5)
    renamed = await namespaces.rename("crm", "Shops", made.etag)
    assert renamed == replace(made, display_name="Shops", update_time=world.clock.now(), revision=2)
    with pytest.raises(EtagMismatch):
        await namespaces.rename("crm", "Again", made.etag)
    with pytest.raises(EtagMismatch):
        await namespaces.delete("crm", made.etag, AUTHOR)
    await namespaces.delete("crm", renamed.etag, AUTHOR)
    assert await namespaces.ids() == ["email", "phone", "push"]


async def test_those_that_are_built_in_are_shown_and_never_changed(namespaces: Namespaces) -> None:
    await namespaces.make("customer")
    assert await namespaces.ids() == ["customer", "email", "phone", "push"]
    assert [each.id for each in await namespaces.page("customer", 2, AUTHOR)] == ["email", "phone"]
    assert (await namespaces.get("phone", AUTHOR)).rules.normalisation is PHONE
    with pytest.raises(ResourceExists):
        await namespaces.make("email")
    with pytest.raises(ResourceNotFound):
        await namespaces.rename("email", "Mail")
    with pytest.raises(ResourceNotFound):
        await namespaces.delete("push", "", AUTHOR)


async def test_every_violation_is_told(namespaces: Namespaces) -> None:
    sent = replace(CRM, display_name=" ", default_region="GB")
    with pytest.raises(InvalidFields) as refused:
        await namespaces.create(CreateResource("C R M", ResourceInput(sent)), AUTHOR)
    assert [(each.field, each.reason) for each in refused.value.violations] == [
        ("identity_namespace_id", "MALFORMED"),
        ("identity_namespace.display_name", "REQUIRED"),
        ("identity_namespace.default_region", "MALFORMED"),
    ]


@pytest.mark.parametrize("region", ["gb", "GBR", "XX", "+44"])
async def test_a_region_is_one_that_has_phone_numbers(namespaces: Namespaces, region: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        await namespaces.make("desk", PHONE, region)
    assert [each.reason for each in refused.value.violations] == ["MALFORMED"]


async def test_a_sandbox_has_a_hundred_at_most_and_sees_no_other_ones(world: World, namespaces: Namespaces) -> None:
    for number in range(MAX_NAMESPACES):
        await namespaces.make(f"n{number}", EXACT)
    with pytest.raises(InvalidFields) as refused:
        await namespaces.make("one-more")
    assert [each.reason for each in refused.value.violations] == ["TOO_MANY"]
    with pytest.raises(ResourceNotFound):
        await namespaces.get("n1", STRANGER)
    assert len(await namespaces.page(None, 1_000, STRANGER)) == 3


async def test_identities_compare_by_the_rule_of_their_namespace(world: World, namespaces: Namespaces) -> None:
    await namespaces.make()
    await namespaces.make("desk", PHONE, "GB")
    jane = await store(world, "crm:A-1", "desk:07911 123456")
    assert await world.profiles.lookup("crm:a-1", CALLER) == jane
    assert await world.profiles.lookup("desk:+447911123456", CALLER) == jane
    assert [str(each) for each in jane.identities] == ["crm:A-1", "desk:07911 123456"]
    with pytest.raises(IdentityTaken):
        await store(world, "crm:a-1")
    with pytest.raises(InvalidFields):
        await store(world, "desk:FLOWERS")
    other = await store(world, "crm:other")
    taken = UpdateProfile(other.id, ProfileFields(("crm:A-1",), {}, "", ""), frozenset({"identities"}))
    with pytest.raises(IdentityTaken):
        await world.profiles.update(taken, CALLER)


async def test_an_import_reads_identities_by_their_namespaces(world: World, namespaces: Namespaces) -> None:
    await namespaces.make()
    recorder = choice_recorder(world.clock, SystemIds())
    imports = ImportProfiles(world.transactions, IDENTITIES, recorder, world.clock, SystemIds())
    rows = [ImportedProfile(ProfileFields((f"crm:{text}",), {}, "", "")) for text in ("Ab", "aB", "cd")]
    results = await imports.import_rows(rows, AUTHOR)
    assert [each.outcome for each in results] == [ImportOutcome.CREATED, ImportOutcome.UNCHANGED, ImportOutcome.CREATED]


async def test_the_rule_stays_as_long_as_a_profile_has_an_identity_in_it(world: World, namespaces: Namespaces) -> None:
    jane = await store(world, "crm:A-1")
    assert await in_use(namespaces) == jane.name
    made = await namespaces.make("crm", EXACT)
    with pytest.raises(NamespaceInUse):
        await namespaces.delete("crm", made.etag, AUTHOR)
    await world.erasures.erase(EraseProfile(jane.id), CALLER)
    await namespaces.delete("crm", made.etag, AUTHOR)
    await namespaces.make("crm", LOWER)


async def test_the_rule_stays_as_long_as_a_campaign_addresses_people_by_it(
    world: World, namespaces: Namespaces
) -> None:
    await world.live("orders", identity_namespace="crm")
    assert await in_use(namespaces) == "campaigns/orders"
    await world.life_cycle.stop("orders", QueueDisposal.CANCEL, "", AUTHOR)
    await namespaces.make()


async def test_the_rule_stays_as_long_as_a_list_has_an_identity_in_it(world: World, namespaces: Namespaces) -> None:
    vip = Audience(sandbox="default", id="vip", display_name="VIP", create_time=0, update_time=0)
    await world.transactions.write(lambda unit: unit.audiences.add(vip))
    uploads = AudienceUploads(world.transactions, IDENTITIES, world.clock)
    await uploads.upload(UploadIdentities("vip", ["crm:A-1"]), AUTHOR)
    assert await in_use(namespaces) == "audiences/vip"


async def test_recipients_are_compared_by_the_namespace_of_the_campaign(
    world: World, namespaces: Namespaces, process: Process
) -> None:
    await namespaces.make()
    await world.live("orders", identity_namespace="crm", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    one, same = (RecipientInput(f"crm:{text}", "jane@example.com", context=CONTEXT) for text in ("A-1", "a-1"))
    with pytest.raises(InvalidFields) as refused:
        await process.trigger(one, same, campaign_id="orders")
    assert [(each.field, each.reason) for each in refused.value.violations] == [("recipients[1].identity", "DUPLICATE")]
    await process.trigger(one, campaign_id="orders")
    await process.trigger(same, campaign_id="orders")
    (made,) = await world.profiles.page(None, 9, AUTHOR)
    assert [str(each) for each in made.identities] == ["crm:A-1"]


async def test_a_message_that_waits_finds_the_denial_of_whoever_has_the_identity(
    world: World, namespaces: Namespaces, process: Process
) -> None:
    await namespaces.make()
    await world.live("offers", identity_namespace="crm", category=Category.MARKETING)
    await process.trigger(RecipientInput("crm:A-1", "jane@example.com", context=CONTEXT), campaign_id="offers")
    await Consents(world).change(a(EMAIL, ConsentChoice.DENIED), person=Person(identity="crm:a-1"))
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    assert states(world) == [MessageState.EXCLUDED]
    (message,) = messages(world).values()
    assert message.end.exclusion is not None
    assert message.end.exclusion.reason is ExclusionReason.NO_CONSENT


async def test_a_choice_is_stored_for_the_identity_however_it_is_written(world: World, namespaces: Namespaces) -> None:
    await namespaces.make()
    consents = Consents(world)
    await consents.change(a(EMAIL, ConsentChoice.DENIED), person=Person(identity="crm:A-1"))
    assert (await consents.of(Person(identity="crm:a-1"))).consents.keys() == {EMAIL}
    with pytest.raises(InvalidFields):
        await consents.change(a(EMAIL, ConsentChoice.DENIED), person=Person(identity="crm:"))
