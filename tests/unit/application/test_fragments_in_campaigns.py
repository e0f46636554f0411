"""Campaigns with fragments: what is pinned, what is sent, and what review says."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace

import pytest
from clarion_server.application.approvals.approving import Word
from clarion_server.application.campaigns.comparison import CompareVersions
from clarion_server.application.campaigns.preview import PreviewCampaign
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.errors import ApprovalStale, FragmentInUse, InvalidFields, ReviewFailed
from clarion_server.domain.finding import Severity
from clarion_server.transport.api.convert.campaign_differences import to_difference
from hypothesis import given
from hypothesis import strategies as st

from tests.memory_store import MemoryStore
from tests.unit.application.fragments import CONTEXT, Pieces, mails, sent
from tests.unit.application.office import approving_campaigns
from tests.unit.application.world import AUTHOR, SCHEMA, World

FOOTER = '<h1>Hi</h1>{% include "fragments/footer" %}'
LABEL = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}


@pytest.fixture
def pieces(world: World) -> Pieces:
    return Pieces(world)


async def findings(world: World) -> list[tuple[str, str, str, int, tuple[str, ...]]]:
    found = await world.life_cycle.review("order-confirmed", AUTHOR)
    return [(each.severity, each.code, each.field, each.line, each.way) for each in found]


async def test_publishing_changes_nothing_that_is_live(world: World, pieces: Pieces) -> None:
    await pieces.publish("footer", "<p>four</p>")
    live = await world.live(actions=mails(FOOTER))
    await pieces.publish("footer", "<p>five</p>")
    assert await sent(world, 1) == "<h1>Hi</h1><p>four</p>"
    (version,) = await world.authoring.versions("order-confirmed", None, 1, AUTHOR)
    assert (version.fragments, live.draft_pending) == ({"fragments/footer": 1}, False)
    outdated = (Severity.WARNING, "FRAGMENT_OUTDATED", "actions", 0, ())
    assert outdated in await findings(world)
    again = (await world.activate()).campaign
    assert (again.live_version, await sent(world, 2)) == (2, "<h1>Hi</h1><p>five</p>")
    assert outdated not in await findings(world)
    assert (await world.activate()).campaign.live_version == 2
    assert (await world.activate(version=1)).campaign.live_version == 1
    assert await sent(world, 1) == "<h1>Hi</h1><p>four</p>"


async def test_a_name_with_a_number_stays_with_that_version(world: World, pieces: Pieces) -> None:
    await pieces.publish("footer", "<p>one</p>")
    await pieces.publish("footer", "<p>two</p>")
    await world.live(actions=mails('{% include "fragments/footer@1" %}{% include "fragments/footer" %}'))
    assert await sent(world, 1) == "<p>one</p><p>two</p>"
    assert [each[1] for each in await findings(world)] == ["FRAGMENT_OUTDATED"]


async def test_fragments_within_fragments_are_pinned_too(world: World, pieces: Pieces) -> None:
    await pieces.publish("inner", "one")
    await pieces.publish("outer", "<p>{% include 'fragments/inner' %}</p>")
    await world.live(actions=mails("{% include 'fragments/outer' %}"))
    await pieces.publish("inner", "two")
    assert await sent(world, 1) == "<p>one</p>"
    (version,) = await world.authoring.versions("order-confirmed", None, 1, AUTHOR)
    assert version.fragments == {"fragments/inner": 1, "fragments/outer": 1}


async def test_a_pinned_fragment_is_neither_deleted_nor_archived_and_sending_goes_on(
    world: World, pieces: Pieces
) -> None:
    await pieces.publish("footer", "<p>Bye</p>")
    await world.live(actions=mails(FOOTER))
    await world.update(actions=mails("<p>Alone</p>"))
    for refused in (pieces.manage.delete("footer", "", AUTHOR), pieces.manage.archive("footer", "", AUTHOR)):
        with pytest.raises(FragmentInUse) as in_use:
            await refused
        assert in_use.value.users == ("campaigns/order-confirmed/versions/1",)
    assert await sent(world, 1) == "<h1>Hi</h1><p>Bye</p>"
    await world.activate()
    assert (await pieces.manage.archive("footer", "", AUTHOR)).archive_time is not None
    assert (await world.activate(version=1)).campaign.live_version == 1
    assert await sent(world, 1) == "<h1>Hi</h1><p>Bye</p>"


async def test_a_draft_is_shown_with_the_newest_fragments(world: World, pieces: Pieces) -> None:
    await world.channel()
    await pieces.publish("footer", "<p>one</p>")
    await world.draft(actions=mails(FOOTER))
    await pieces.publish("footer", "<p>two</p>")
    preview = await world.previewing.preview(PreviewCampaign("order-confirmed", 0, CONTEXT), AUTHOR)
    assert isinstance(preview.rendered, RenderedEmail)
    assert preview.rendered.html == "<h1>Hi</h1><p>two</p>"


async def test_review_follows_a_fragment_with_the_schema_of_the_campaign(world: World, pieces: Pieces) -> None:
    await world.channel()
    await pieces.publish("footer", "<p>\n{{ context.order.total }}</p>")
    await pieces.publish("base", "<body>\n\n{% block main %}{% endblock %}{% include 'fragments/footer' %}</body>")
    await world.draft(
        actions=mails("{% extends 'fragments/base' %}\n{% block main %}\n{{ context.nothing }}{% endblock %}")
    )
    assert await findings(world) == [
        (Severity.ERROR, "VARIABLE_NOT_IN_SCHEMA", "actions[0].email.html", 3, ()),
        (
            Severity.ERROR,
            "VARIABLE_NOT_IN_SCHEMA",
            "actions[0].email.html",
            1,
            ("fragments/base@1:3", "fragments/footer@1:2"),
        ),
    ]
    with pytest.raises(ReviewFailed):
        await world.activate()


async def test_what_is_wrong_with_an_include_is_told_once(world: World, pieces: Pieces) -> None:
    await world.channel()
    await world.draft(actions=mails("<p>\n{% include context.order.id %}</p>"))
    assert await findings(world) == [(Severity.ERROR, "TEMPLATE_UNSAFE", "actions[0].email.html", 2, ())]
    await world.update(actions=mails("{% include 'fragments/none' %}"))
    assert await findings(world) == [(Severity.ERROR, "FRAGMENT_MISSING", "actions[0].email.html", 1, ())]
    with pytest.raises(InvalidFields) as refused:
        await world.previewing.preview(PreviewCampaign("order-confirmed", 0, CONTEXT), AUTHOR)
    assert [each.reason for each in refused.value.violations] == ["FRAGMENT_MISSING"]


@pytest.mark.parametrize("value", ["7", "context.order", "none"])
async def test_a_parameter_of_another_type_is_refused(world: World, pieces: Pieces, value: str) -> None:
    await world.channel()
    await pieces.publish("button", "<a>{{ label | default('') }}</a>", parameters=LABEL)
    html = f"\n{{% with label={value} %}}{{% include 'fragments/button' %}}{{% endwith %}}"
    await world.draft(actions=mails(html))
    found = [each for each in await findings(world) if each[1] == "FRAGMENT_PARAMETER"]
    assert found == [(Severity.ERROR, "FRAGMENT_PARAMETER", "actions[0].email.html", 2, ())]


async def test_a_failure_while_sending_tells_the_way_to_the_fragment(world: World, pieces: Pieces) -> None:
    await pieces.publish("total", "<p>\n{{ 1 / context.n }}</p>")
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "n": {"type": "number"}}, "required": ["order", "n"]}  # type: ignore[dict-item]
    await world.live(actions=mails("<p></p>\n{% include 'fragments/total' %}"), context_schema=schema)
    with pytest.raises(RenderingFailed) as failed:
        await sent(world, 1, n=0)
    assert (failed.value.field, failed.value.line) == ("actions[0].email.html", 2)
    assert failed.value.detail.startswith("fragments/total@1:2: ")


async def test_the_turns_of_a_fragment_in_a_loop_count_together(world: World, pieces: Pieces) -> None:
    await pieces.publish(
        "row",
        "<tr><td>{{ i }}</td></tr>",
        parameters={"type": "object", "properties": {"i": {"type": "integer"}}, "required": ["i"]},
    )
    await world.live(
        actions=mails("<table>{% for i in range(1000) %}{% include 'fragments/row' %}{% endfor %}</table>")
    )
    assert (await sent(world, 1)).count("<tr>") == 1_000
    many = "{% for i in range(30000) %}{% include 'fragments/row' %}{% include 'fragments/row' %}{% endfor %}"
    await world.update(actions=mails(f"<table>{many}</table>"))
    await world.activate()
    with pytest.raises(RenderingFailed) as failed:
        await sent(world, 2)
    assert "too much work" in failed.value.detail


async def test_styles_of_a_layout_are_inlined_into_its_content(world: World, pieces: Pieces) -> None:
    await pieces.publish(
        "base", "<html><style>p { color: red }</style><body>{% block main %}{% endblock %}</body></html>"
    )
    html = "{% extends 'fragments/base' %}\n{% block main %}<p>{{ context.order.id }}</p>{% endblock %}"
    await world.live(actions=mails(html, "Order", transform=Transform.INLINE_CSS))
    assert '<p style="color: red">A1</p>' in await sent(world, 1)
    with pytest.raises(RenderingFailed) as failed:
        await sent(world, 1, order={})
    assert failed.value.line == 2


async def test_a_fragment_asks_its_own_texts_first(world: World, pieces: Pieces) -> None:
    texts = {"en": {"bye": "Bye {name}"}, "de": {"bye": "Tschüss {name}"}}
    source = "{{ t('bye', name=context.order.id) }} {{ t('shop') }}"
    await pieces.publish("footer", f"<p>{source}</p>", translations=texts)
    own = {"en": {"bye": "never", "shop": "Shop"}, "de": {"bye": "nie", "shop": "Laden"}}
    html = "{{ t('shop') }}{% include 'fragments/footer' %}"
    await world.channel()
    await world.draft(
        actions=mails(
            html,
            "{{ t('shop') }}",
            text="{{ t('bye') }}",
        ),
        translations=own,
    )
    await world.activate()
    assert (await sent(world, 1), await sent(world, 1, "de")) == (
        "Shop<p>Bye A1 Shop</p>",
        "Laden<p>Tschüss A1 Laden</p>",
    )


async def test_a_text_of_a_fragment_that_is_missing_is_told_with_its_fragment(world: World, pieces: Pieces) -> None:
    await pieces.publish("footer", "<p>{{ t('bye') }}</p>", translations={"en": {"bye": "Bye"}})
    await world.channel()
    await world.draft(
        actions=mails("{{ t('shop') }}{% include 'fragments/footer' %}", text="{{ t('shop') }}"),
        translations={"en": {"shop": "Shop"}, "de": {"shop": "Laden"}},
    )
    found = await world.life_cycle.review("order-confirmed", AUTHOR)
    (missing,) = [each for each in found if each.code == "TRANSLATION_MISSING"]
    assert "The text 'bye' of 'fragments/footer@1' is missing in 'de'" in missing.message


async def test_an_approval_is_of_the_fragments_too(world: World, pieces: Pieces) -> None:
    await world.channel()
    await pieces.publish("footer", "<p>one</p>")
    await world.draft(actions=mails(FOOTER))
    approving = approving_campaigns(world)
    submitted = await approving.submit(Word("order-confirmed"), AUTHOR)
    await pieces.publish("footer", "<p>two</p>")
    assert (await approving.get("order-confirmed", AUTHOR)).content_hash != submitted.content_hash
    with pytest.raises(ApprovalStale):
        await approving.approve(Word("order-confirmed"), submitted.content_hash, replace(AUTHOR, name="apiKeys/other"))


async def test_a_comparison_shows_the_fragments_that_differ(world: World, pieces: Pieces) -> None:
    await pieces.publish("footer", "<p>one</p>")
    await pieces.publish("same", "<p>same</p>")
    await world.live(actions=mails(FOOTER + "{% include 'fragments/same' %}"))
    await pieces.publish("footer", "<p>two</p>")
    comparison = await world.comparing.compare(CompareVersions("order-confirmed"), AUTHOR)
    fields = {each.field: each.unified_diff for each in to_difference(comparison).fields}
    assert fields.keys() == {"fragments.footer.version", "fragments.footer.source"}
    assert "-<p>one</p>\n+<p>two</p>" in fields["fragments.footer.source"]
    earlier = await world.comparing.compare(CompareVersions("order-confirmed", 1, 1), AUTHOR)
    assert not to_difference(earlier).fields


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["publish footer", "publish inner"]), st.integers(0, 3)),
        st.tuples(st.sampled_from(["activate", "again", "draft"]), st.integers(0, 3)),
    ),
    max_size=12,
)
DRAFTS = (
    "{% include 'fragments/footer' %}",
    "{% include 'fragments/footer' %}{% include 'fragments/inner@1' %}",
    "{% extends 'fragments/base' %}{% block main %}<b>{{ super() }}</b>{% endblock %}",
    "<p>Alone</p>",
)


@given(STEPS)
def test_every_version_is_sent_with_the_fragments_of_its_activation(steps: list[tuple[str, int]]) -> None:
    asyncio.run(walk(steps))


async def walk(steps: list[tuple[str, int]]) -> None:
    """Keeps what each version sends when it is activated, and compares it with what it sends in the end."""
    store = MemoryStore()
    with closing(World(store)) as world:
        pieces, promised = Pieces(world), dict[int, str]()
        await pieces.publish("inner", "<i>0</i>")
        await pieces.publish("footer", "<p>0{% include 'fragments/inner' %}</p>")
        await pieces.publish("base", "<div>{% block main %}{% include 'fragments/footer' %}{% endblock %}</div>")
        await world.live(actions=mails(DRAFTS[0]))
        promised[1] = await sent(world, 1)
        for step, number in steps:
            if step == "publish footer":
                await pieces.publish("footer", f"<p>{number}{{% include 'fragments/inner' %}}</p>")
            elif step == "publish inner":
                await pieces.publish("inner", f"<i>{number}</i>")
            elif step == "draft":
                await world.update(actions=mails(DRAFTS[number]))
            else:
                version = 1 + number % len(promised) if step == "again" else 0
                live = (await world.activate(version=version)).campaign.live_version
                promised.setdefault(live, await sent(world, live))
        restarted = World(store)
        assert {number: await sent(restarted, number) for number in promised} == promised
