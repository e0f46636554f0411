"""Fragments from their draft through their versions to the archive."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from threading import current_thread
from typing import Any

import pytest
from clarion_server.application.fragments.fragments import Publication, PublishFragment
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import (
    EtagMismatch,
    FragmentInUse,
    InvalidFields,
    ResourceNotFound,
    ReviewFailed,
)
from clarion_server.domain.events.event import EventType, FragmentChange, FragmentChangeKind
from clarion_server.domain.fragments.fragment import Fragment
from clarion_server.domain.violation import Violation

from tests.unit.application.fragments import Pieces
from tests.unit.application.running import events
from tests.unit.application.world import AUTHOR, STRANGER, World

LABEL = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}


@pytest.fixture
def pieces(world: World) -> Pieces:
    return Pieces(world)


async def findings(pieces: Pieces, source: str, **fields: Any) -> list[tuple[str, str, int]]:
    await pieces.write("tried", source, **fields)
    with pytest.raises(ReviewFailed) as failed:
        await pieces.publish("tried")
    return [(each.code, each.field, each.line) for each in failed.value.findings]


async def test_publishing_makes_a_version_of_the_draft_and_of_each_change(pieces: Pieces) -> None:
    first = await pieces.publish("footer", "<p>One</p>")
    assert (first.fragment.published_version, first.fragment.draft_pending, first.version.number) == (1, False, 1)
    assert await pieces.publish("footer") == Publication(first.fragment, first.version, [])
    changed = await pieces.write("footer", "<p>Two</p>")
    assert changed.draft_pending
    second = await pieces.publish("footer")
    assert [each.number for each in await pieces.manage.versions("footer", None, 9, AUTHOR)] == [2, 1]
    assert (second.version.content.source, first.version.content.source) == ("<p>Two</p>", "<p>One</p>")
    back = await pieces.write("footer", "<p>One</p>")
    assert back.draft_pending


async def test_large_fragments_are_checked_neither_on_the_event_loop_nor_by_the_writer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked_in: list[str] = []

    def violations(_: Fragment) -> list[Violation]:
        checked_in.append(current_thread().name)
        return []

    pieces = Pieces(world)
    monkeypatch.setattr(pieces.manage, "kind", replace(pieces.manage.kind, violations=violations))
    await pieces.write("footer", "<p>One</p>")
    await pieces.write("footer", "<p>Two</p>")
    assert len(checked_in) == 3, "the second call of `write` creates in vain, and then changes"
    assert not [each for each in checked_in if each.startswith(("store-writer", "MainThread"))]


async def test_a_fragment_that_changed_after_its_check_is_checked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = Pieces(world)
    await pieces.write("footer", "<p>One</p>")
    checked: list[str] = []
    stored = await pieces.manage.get("footer", AUTHOR)

    def violations(fragment: Fragment) -> list[Violation]:
        checked.append(fragment.display_name)
        if len(checked) == 1:
            # Another author stores something between the check and the change.
            with world.store.begin() as unit:
                unit.fragments.save(replace(stored.changed(1), display_name="Other"))
                unit.commit()
        return []

    monkeypatch.setattr(pieces.manage, "kind", replace(pieces.manage.kind, violations=violations))
    sent = ResourceInput(replace(stored, source="<p>Two</p>"))
    await pieces.manage.update(UpdateResource("footer", sent, frozenset({"source"})), AUTHOR)
    assert checked == ["", "Other"]


async def test_a_dry_run_publishes_nothing(pieces: Pieces) -> None:
    await pieces.write("footer", "<p>One</p>")
    tried = await pieces.manage.publish(PublishFragment("footer", validate_only=True), AUTHOR)
    assert tried.version.number == 1
    assert (await pieces.manage.get("footer", AUTHOR)).published_version == 0


async def test_a_changed_fragment_is_not_published_by_an_old_etag(pieces: Pieces) -> None:
    before = await pieces.write("footer", "<p>One</p>")
    await pieces.write("footer", "<p>Two</p>")
    with pytest.raises(EtagMismatch):
        await pieces.manage.publish(PublishFragment("footer", before.etag), AUTHOR)


async def test_what_is_wrong_with_the_template_keeps_it_from_being_published(pieces: Pieces) -> None:
    assert await findings(pieces, "\n{% if %}") == [("TEMPLATE_SYNTAX", "source", 2)]
    assert await findings(pieces, "{{ label }}") == [("FRAGMENT_PARAMETER", "source", 1)]
    assert await findings(pieces, "{{ label | default('x') }}") == [("FRAGMENT_PARAMETER", "source", 1)]
    assert await findings(pieces, "{% include context.name %}") == [("TEMPLATE_UNSAFE", "source", 1)]
    assert await findings(pieces, "{% include 'fragments/none' %}") == [("FRAGMENT_MISSING", "source", 1)]
    optional = {"type": "object", "properties": {"label": {"type": "string"}}}
    assert await findings(pieces, "{{ label }}", parameters=optional) == [("VARIABLE_MAY_BE_MISSING", "source", 1)]
    broken = {"type": "object", "properties": {"label": {"type": "txt"}}}
    assert ("CONTEXT_SCHEMA_INVALID", "parameters.properties.label.type", 0) in await findings(
        pieces, "{{ label }}", parameters=broken
    )


async def test_what_only_a_campaign_knows_is_no_finding(pieces: Pieces) -> None:
    source = (
        "{{ context.id }}{% for each in context['items'] %}{{ each.name }}{% endfor %}{{ label }}{{ unsubscribe_url }}"
    )
    assert (await pieces.publish("plain", source, parameters=LABEL)).warnings == []


async def test_a_circle_is_refused_when_it_is_published_with_its_path(pieces: Pieces) -> None:
    await pieces.publish("a", "<p>A</p>")
    await pieces.publish("b", "{% include 'fragments/a' %}")
    await pieces.write("a", "<p>\n{% include 'fragments/b' %}</p>")
    with pytest.raises(ReviewFailed) as failed:
        await pieces.publish("a")
    (finding,) = failed.value.findings
    assert (finding.code, finding.line, finding.way) == ("FRAGMENT_CIRCLE", 2, ("fragments/b@1:1",))
    assert "fragments/a@2 → fragments/b@1 → fragments/a@2" in finding.message
    assert (await pieces.publish("alone", "{% include 'fragments/a@1' %}" * 2)).version.number == 1


async def test_two_that_are_published_at_once_make_no_circle(pieces: Pieces) -> None:
    for each, other in [("a", "b"), ("b", "a")]:
        await pieces.publish(each, "<p>Bye</p>")
        await pieces.write(each, f"{{% include 'fragments/{other}' %}}")
    ends = await asyncio.gather(pieces.publish("a"), pieces.publish("b"), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["Publication", "ReviewFailed"]


async def test_a_fragment_that_something_has_is_neither_deleted_nor_archived(world: World, pieces: Pieces) -> None:
    await pieces.publish("footer", "<p>Bye</p>")
    email = EmailContent("Hello", html='<p>{% include "fragments/footer" %}</p>')
    await world.draft(actions=(Action("email", "orders", email),))
    for refused in (pieces.manage.delete("footer", "", AUTHOR), pieces.manage.archive("footer", "", AUTHOR)):
        with pytest.raises(FragmentInUse) as in_use:
            await refused
        assert (in_use.value.users, in_use.value.use_count) == (("campaigns/order-confirmed",), 1)


async def test_an_archived_fragment_is_no_longer_found_and_comes_back(pieces: Pieces) -> None:
    await pieces.publish("footer", "<p>Bye</p>")
    archived = await pieces.manage.archive("footer", "", AUTHOR)
    assert await pieces.manage.archive("footer", "", AUTHOR) == archived
    assert await pieces.manage.page(None, 9, AUTHOR) == []
    assert await findings(pieces, "{% include 'fragments/footer' %}") == [("FRAGMENT_MISSING", "source", 1)]
    assert (await pieces.manage.unarchive("footer", "", AUTHOR)).archive_time is None
    assert (await pieces.publish("tried")).version.number == 1


async def test_every_change_is_told_with_the_key_that_made_it(world: World, pieces: Pieces) -> None:
    await pieces.write("footer", "<p>One</p>")
    await pieces.manage.update(
        UpdateResource("footer", ResourceInput(await pieces.manage.get("footer", AUTHOR)), frozenset({"source"})),
        AUTHOR,
    )
    await pieces.publish("footer")
    await pieces.manage.archive("footer", "", AUTHOR)
    await pieces.manage.unarchive("footer", "", AUTHOR)
    await pieces.manage.delete("footer", "", AUTHOR)
    kinds = FragmentChangeKind
    told = [kinds.CREATED, kinds.UPDATED, kinds.PUBLISHED, kinds.ARCHIVED, kinds.UNARCHIVED, kinds.DELETED]
    assert [(each.type, each.subject, each.detail) for each in events(world)] == [
        (
            EventType.FRAGMENT_CHANGED,
            "fragments/footer",
            FragmentChange(kind, AUTHOR.name, int(kind is kinds.PUBLISHED)),
        )
        for kind in told
    ]


async def test_a_stranger_sees_no_fragment(pieces: Pieces) -> None:
    await pieces.publish("footer", "<p>Bye</p>")
    for asked in (
        pieces.manage.publish(PublishFragment("footer"), STRANGER),
        pieces.manage.versions("footer", None, 9, STRANGER),
        pieces.manage.uses("footer", None, 9, STRANGER),
        pieces.manage.archive("footer", "", STRANGER),
    ):
        with pytest.raises(ResourceNotFound):
            await asked


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"source": ""}, "fragment.source"),
        ({"source": "ü" * 140_000}, "fragment.source"),
        ({"parameters": {"type": "string"}}, "fragment.parameters"),
        ({"parameters": {"type": "object", "properties": {"context": {}}}}, "fragment.parameters.properties.context"),
        ({"parameters": {"type": "object", "properties": {"a-b": {}}}}, "fragment.parameters.properties.a-b"),
        ({"parameters": {"type": "object", "required": ["x"]}}, "fragment.parameters.required"),
        ({"translations": {"de": {"x": "{"}}}, "fragment.translations.de.x"),
        ({"display_name": "a\nb"}, "fragment.display_name"),
    ],
)
async def test_a_field_that_breaks_its_rule_is_refused(pieces: Pieces, fields: dict[str, object], field: str) -> None:
    sent = replace(Fragment(sandbox="", id="", create_time=0, update_time=0, source="x"), **fields)  # type: ignore[arg-type]
    with pytest.raises(InvalidFields) as refused:
        await pieces.manage.create(CreateResource("footer", ResourceInput(sent)), AUTHOR)
    assert [each.field for each in refused.value.violations] == [field]
