"""Tests what is kept of the addresses of erased people: who must not be written to, and nothing else."""

from __future__ import annotations

import pytest
from clarion_server.application.erasure.beginning import BeginErasure, EraseProfile
from clarion_server.application.erasure.kept_addresses import AddressKeeper
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.domain.addresses.address_hash import NO_ADDRESS_HASHER
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.errors import ErasureKeysMissing, InvalidFields
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import Lane
from clarion_server.domain.suppressions.suppression import SuppressionReason, SuppressionScope

from tests.identities import HASHER
from tests.unit.application.consenting import ALL, Consents, a
from tests.unit.application.erasing import CALLER, JANE, erase, erased_events, stored, sweep
from tests.unit.application.running import Process, messages, recipient
from tests.unit.application.world import CountingIds, World

ADDRESS = JANE.removeprefix("email:")


@pytest.fixture
def suppressions(world: World) -> ManageSuppressions:
    return ManageSuppressions(world.transactions, world.clock, CountingIds(), HASHER)


async def test_marketing_to_the_address_stays_suppressed_and_service_mails_do_not(
    world: World, suppressions: ManageSuppressions
) -> None:
    jane = await stored(world, JANE, "crm:1", email="Jane.Doe@example.com")
    assert (await erase(world, jane)).address_count == 2
    for address in ("JANE@example.com", "jane.doe@example.com"):
        check = await suppressions.check(address, Channel.EMAIL, CALLER)
        assert list(check.excluded_categories) == [Category.MARKETING]
        assert [each.is_hashed for each in check.suppressions] == [True]
    assert not (await suppressions.check("joe@example.com", Channel.EMAIL, CALLER)).suppressions


async def test_an_address_that_is_imported_again_gets_service_mails_alone(world: World, process: Process) -> None:
    await world.live("news", category=Category.MARKETING)
    await Consents(world).change(a(ALL, ConsentChoice.DENIED))
    await erase(world, await world.profiles.lookup(JANE, CALLER), keep=False)
    await sweep(world)
    await stored(world, JANE)
    await Consents(world).change(a(ALL, ConsentChoice.GRANTED))
    await process.trigger()
    await process.trigger(campaign_id="news")
    reasons = {each.action.lane: each.end.exclusion and each.end.exclusion.reason for each in messages(world).values()}
    assert reasons == {Lane.TRANSACTIONAL: None, Lane.MARKETING: ExclusionReason.SUPPRESSED}


async def test_suppressions_of_the_address_hold_on_without_it(world: World, suppressions: ManageSuppressions) -> None:
    jane = await stored(world, JANE)
    bounced = await suppressions.create(
        CreateSuppression("Jane@example.com", "address", reason=SuppressionReason.HARD_BOUNCE), CALLER
    )
    await erase(world, jane, keep=False)
    (found,) = (await suppressions.check("jane@example.com", Channel.EMAIL, CALLER)).suppressions
    assert (found.id, found.reason, found.scope) == (bounced.id, SuppressionReason.HARD_BOUNCE, SuppressionScope.ALL)
    assert found.is_hashed


async def test_what_has_expired_widens_nothing_and_is_not_prolonged(
    world: World, suppressions: ManageSuppressions
) -> None:
    async def suppressed(scope: SuppressionScope, *, expires: bool) -> None:
        expire_time = world.clock.now() + DAY if expires else None
        await suppressions.create(CreateSuppression(ADDRESS, "address", scope=scope, expire_time=expire_time), CALLER)

    async def scopes_after_erasure() -> list[SuppressionScope]:
        await erase(world, await stored(world, JANE), keep=False)
        return [each.scope for each in (await suppressions.check(ADDRESS, Channel.EMAIL, CALLER)).suppressions]

    await suppressed(SuppressionScope.ALL, expires=True)
    world.clock.advance(DAY)
    assert await scopes_after_erasure() == []
    await suppressed(SuppressionScope.MARKETING, expires=False)
    assert await scopes_after_erasure() == [SuppressionScope.MARKETING]
    await suppressed(SuppressionScope.ALL, expires=True)
    world.clock.advance(DAY)
    assert await scopes_after_erasure() == [SuppressionScope.MARKETING]
    await suppressed(SuppressionScope.ALL, expires=True)
    assert await scopes_after_erasure() == [SuppressionScope.ALL]


async def test_an_override_is_suppressed_unless_it_is_somebody_elses(
    world: World, process: Process, suppressions: ManageSuppressions
) -> None:
    jane = await stored(world, JANE)
    await stored(world, "email:joe@example.com")
    await process.trigger(recipient(JANE, address="override@example.com"))
    await process.trigger(recipient(JANE, address="joe@example.com"))
    await erase(world, jane)
    await sweep(world)
    assert erased_events(world)[0].address_count == 2
    assert (await suppressions.check("override@example.com", Channel.EMAIL, CALLER)).suppressions
    assert not (await suppressions.check("joe@example.com", Channel.EMAIL, CALLER)).suppressions


async def test_without_keys_nobody_is_erased_of_whom_something_must_be_kept(
    world: World, suppressions: ManageSuppressions
) -> None:
    without = BeginErasure(
        world.transactions,
        world.identities,
        AddressKeeper(NO_ADDRESS_HASHER, CountingIds()),
        world.clock,
        CountingIds(),
    )
    await Consents(world).change(a(ALL, ConsentChoice.DENIED))
    denied = await world.profiles.lookup(JANE, CALLER)
    suppressed, free = await stored(world, "email:joe@example.com"), await stored(world, "email:ann@example.com")
    await suppressions.create(CreateSuppression("joe@example.com", "address"), CALLER)
    for profile, keep in ((denied, False), (suppressed, None), (free, True)):
        with pytest.raises(ErasureKeysMissing):
            await without.erase(EraseProfile(profile.id, keeps_suppression=keep), CALLER)
        assert await world.profiles.get(profile.id, CALLER) == profile
    assert (await without.erase(EraseProfile(free.id), CALLER)).address_count == 0


async def test_nobody_creates_a_suppression_with_the_reason_of_erasures(suppressions: ManageSuppressions) -> None:
    with pytest.raises(InvalidFields) as refused:
        await suppressions.create(
            CreateSuppression("jane@example.com", "address", reason=SuppressionReason.ERASED), CALLER
        )
    assert [each.field for each in refused.value.violations] == ["suppression.reason"]
