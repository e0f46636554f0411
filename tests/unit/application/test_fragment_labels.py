"""A hidden fragment is missing to whoever names it, and what was activated with it goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.campaigns.candidate import candidate_of
from clarion_server.application.campaigns.life_cycle import ActivateCampaign
from clarion_server.application.campaigns.preview import PreviewCampaign
from clarion_server.application.fragments.fragments import PublishFragment
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.access.access import Caller
from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels
from clarion_server.domain.errors import InvalidFields, ResourceNotFound, ReviewFailed
from clarion_server.domain.fragments.fragment import Fragment

from tests.unit.application.fragments import CONTEXT, Pieces, mails, sent
from tests.unit.application.labelling import BOTH, EU, MIGHTY, VIP, holder, label
from tests.unit.application.world import AUTHOR, World

LAYERED = mails('{% include "fragments/outer" %}')


@pytest.fixture
def pieces(world: World) -> Pieces:
    return Pieces(world)


async def relabel(pieces: Pieces, fragment_id: str, labels: AccessLabels, caller: Caller = MIGHTY) -> Fragment:
    sent = ResourceInput(a_fragment(), (), labels.names)
    return await pieces.manage.update(UpdateResource(fragment_id, sent, frozenset({"access_labels"})), caller)


def a_fragment(source: str = "not changed") -> Fragment:
    return Fragment(sandbox="", id="", create_time=0, update_time=0, source=source)


async def layered(pieces: Pieces) -> None:
    """Publishes a fragment that names another one."""
    await pieces.publish("inner", "<p>Bye</p>")
    await pieces.publish("outer", "{% include 'fragments/inner' %}")


async def errors(world: World, caller: Caller, number: int = 0) -> list[tuple[str, str]]:
    """Returns what keeps a caller from activating a version, or the draft."""
    try:
        await world.life_cycle.activate(ActivateCampaign("order-confirmed", version=number), caller)
    except ReviewFailed as failed:
        return [(each.code, each.message) for each in failed.findings]
    return []


async def test_labels_make_no_draft_and_touch_no_version(pieces: Pieces) -> None:
    published = (await pieces.publish("footer", "<p>One</p>")).fragment
    changed = await relabel(pieces, "footer", BOTH)
    assert (changed.access_labels, changed.draft_pending, changed.published_version) == (BOTH, False, 1)
    assert changed.etag != published.etag
    (version,) = await pieces.manage.versions("footer", None, 9, MIGHTY)
    assert version.digest == published.published_digest
    with pytest.raises(ResourceNotFound):
        await pieces.manage.versions("footer", None, 9, holder(EU))
    assert (await relabel(pieces, "footer", NO_ACCESS_LABELS)).access_labels == NO_ACCESS_LABELS


async def test_nobody_gives_a_label_that_the_key_does_not_hold(pieces: Pieces) -> None:
    await pieces.write("footer", "<p>One</p>")
    with pytest.raises(InvalidFields) as refused:
        await relabel(pieces, "footer", BOTH, holder(EU))
    (violation,) = refused.value.violations
    assert (violation.field, violation.reason) == ("fragment.access_labels[1]", "LABEL_NOT_HELD")
    create = CreateResource("other", ResourceInput(a_fragment(), (), ("eu",)))
    assert (await pieces.manage.create(create, holder(EU))).access_labels == EU


async def test_the_limit_counts_hidden_fragments(pieces: Pieces) -> None:
    await pieces.write("a", "<p>One</p>")
    await pieces.write("b", "<p>One</p>")
    await pieces.manage.archive("b", "", AUTHOR)
    await relabel(pieces, "a", EU)
    pieces.manage.kind = replace(pieces.manage.kind, most=1)
    with pytest.raises(InvalidFields, match="fragments already"):
        await pieces.manage.unarchive("b", "", AUTHOR)


async def test_a_hidden_fragment_is_missing_to_a_draft_and_a_seen_one_needs_the_labels_of_the_campaign(
    world: World, pieces: Pieces
) -> None:
    await layered(pieces)
    await relabel(pieces, "inner", EU)
    await world.live()
    await world.update(actions=LAYERED)
    # It is found where it is named, as one that there is not.
    missing = {(each.code, each.field, each.way) for each in await world.life_cycle.review("order-confirmed", AUTHOR)}
    assert missing == {("FRAGMENT_MISSING", "actions[0].email.html", ("fragments/outer@1:1",))}
    assert [code for code, _ in await errors(world, AUTHOR)] == ["FRAGMENT_MISSING"]
    ((code, message),) = await errors(world, holder(EU))
    assert code == "LABEL_WIDER_THAN_PART"
    assert message.startswith("fragments/inner has access labels that the campaign lacks: eu.")
    preview = PreviewCampaign("order-confirmed", context=CONTEXT)
    with pytest.raises(InvalidFields):
        await world.previewing.preview(preview, AUTHOR)
    await world.previewing.preview(preview, holder(EU))
    await label(world, EU)
    assert await errors(world, holder(EU)) == []


async def test_a_label_that_a_fragment_gets_later_stops_nothing_that_is_live(world: World, pieces: Pieces) -> None:
    await pieces.publish("inner", "<p>{{ t('bye') }}</p>", translations={"en": {"bye": "Bye"}})
    await pieces.publish("outer", "{% include 'fragments/inner' %}")
    await world.live(actions=LAYERED)
    await world.update(actions=mails("<p>Alone</p>"))
    await world.activate()
    await relabel(pieces, "inner", EU)
    assert await sent(world, 1) == "<p>Bye</p>"
    preview = PreviewCampaign("order-confirmed", version=1, context=CONTEXT)
    await world.previewing.preview(preview, AUTHOR)


async def test_who_activates_a_version_with_a_fragment_that_was_hidden_is_refused_whatever_it_sees(
    world: World, pieces: Pieces
) -> None:
    await layered(pieces)
    await world.live(actions=LAYERED)
    await world.update(actions=mails("<p>Alone</p>"))
    await world.activate()
    await relabel(pieces, "inner", EU)
    ((code, message),) = await errors(world, AUTHOR, 1)
    assert (code, "eu" in message.split()) == ("FRAGMENT_MISSING", False)
    assert [code for code, _ in await errors(world, MIGHTY, 1)] == ["LABEL_WIDER_THAN_PART"]
    await label(world, EU)
    assert await errors(world, holder(EU), 1) == []


async def test_the_hash_of_the_content_and_what_is_live_are_the_same_for_every_caller(
    world: World, pieces: Pieces
) -> None:
    await layered(pieces)
    campaign = await world.live(actions=LAYERED)

    async def state(caller: Caller) -> tuple[str, bool]:
        def read(unit: UnitOfWork) -> tuple[str, bool]:
            candidate = candidate_of(unit, campaign, caller.visibility)
            return candidate.content_hash, candidate.is_live

        return await world.transactions.read(read)

    before = await state(AUTHOR)
    await relabel(pieces, "inner", VIP)
    assert [await state(caller) for caller in (AUTHOR, holder(EU), MIGHTY)] == [before] * 3
    assert before[1]


async def test_a_fragment_is_not_published_with_one_that_the_caller_does_not_see(pieces: Pieces) -> None:
    await pieces.publish("inner", "<p>Bye</p>")
    await relabel(pieces, "inner", EU)
    await pieces.write("outer", "{% include 'fragments/inner' %}")
    with pytest.raises(ReviewFailed) as failed:
        await pieces.publish("outer")
    assert [each.code for each in failed.value.findings] == ["FRAGMENT_MISSING"]
    await pieces.manage.publish(PublishFragment("outer"), holder(EU))
