"""Tests how versions of a campaign differ, over the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_client import (
    AsyncClient,
    Campaign,
    NotFoundError,
    PreconditionFailedError,
    SchemaDifferenceEffect,
    Severity,
    TestCase,
    TranslationDifferenceChange,
)

from tests.campaigns import CONTEXT


async def changed(client: AsyncClient, **changes: Any) -> Campaign:
    return await client.campaigns.update(replace(await client.campaigns.get("orders"), **changes))


async def narrowed(client: AsyncClient) -> Campaign:
    """Makes the draft require what the live version does not know."""
    live = await client.campaigns.get("orders")
    schema = dict(live.context_schema or {})
    schema |= {
        "required": [*schema.get("required", ()), "total"],
        "properties": {**schema["properties"], "total": {"type": "number"}},
    }
    return await changed(client, description="New", context_schema=schema)


async def test_a_draft_is_compared_with_the_live_version(orders: AsyncClient) -> None:
    assert (await orders.campaigns.diff("orders")).fields == ()
    await narrowed(orders)
    found = await orders.campaigns.diff("orders")
    diffs = {each.field: each.unified_diff for each in found.fields}
    assert diffs["description"] == "@@ -0,0 +1 @@\n+New"
    assert "context_schema.properties.total" in diffs
    assert ("context.total", SchemaDifferenceEffect.REFUSES_MORE) in [
        (each.path, each.effect) for each in found.context_schema
    ]


async def test_what_recipients_of_test_cases_would_get_differently_is_told_when_asked(orders: AsyncClient) -> None:
    await orders.test_cases.create(TestCase(name="orders/plain", context=CONTEXT, locale="en"))
    (action,) = (await orders.campaigns.get("orders")).actions
    assert action.email is not None
    await changed(orders, actions=[replace(action, email=replace(action.email, subject="Something new"))])
    assert (await orders.campaigns.diff("orders")).test_cells == ()
    found = await orders.campaigns.diff("orders", render_test_cases=True)
    (cell,) = found.test_cells
    assert (cell.key.test_case, cell.key.locale, cell.change) == ("plain", "en", "CHANGED")
    assert "+Subject: Something new" in cell.unified_diff.splitlines()
    assert (found.test_cell_count, found.untried_test_cell_count) == (1, 0)


async def test_two_versions_are_compared_in_either_direction(orders: AsyncClient) -> None:
    await changed(orders, description="New")
    await orders.campaigns.activate("orders")
    (forth,) = (await orders.campaigns.diff("orders", base_version=1, version=2)).fields
    (back,) = (await orders.campaigns.diff("orders", base_version=2, version=1)).fields
    assert (forth.unified_diff, back.unified_diff) == ("@@ -0,0 +1 @@\n+New", "@@ -1 +0,0 @@\n-New")
    with pytest.raises(NotFoundError):
        await orders.campaigns.diff("orders", base_version=7)


async def test_of_a_campaign_that_was_never_live_every_field_is_new(orders: AsyncClient) -> None:
    await orders.campaigns.duplicate("orders", "copy")
    fields = [each.field for each in (await orders.campaigns.diff("copy")).fields]
    assert {"display_name", "category", "actions"} <= set(fields)
    assert (await orders.campaigns.review("copy")).difference is None


async def test_review_tells_the_difference_and_what_would_break_callers(orders: AsyncClient) -> None:
    await narrowed(orders)
    review = await orders.campaigns.review("orders")
    assert review.difference == await orders.campaigns.diff("orders")
    assert review.activatable
    assert ("SCHEMA_BREAKING", Severity.WARNING) in [(each.code, each.severity) for each in review.findings]
    assert not (await orders.campaigns.review("orders", strict=True)).activatable
    with pytest.raises(PreconditionFailedError) as refused:
        await orders.campaigns.activate("orders", strict=True)
    assert [each.code for each in refused.value.findings] == ["SCHEMA_BREAKING"]
    activation = await orders.campaigns.activate("orders")
    assert "SCHEMA_BREAKING" in [each.code for each in activation.findings]


async def test_texts_of_catalogues_are_compared_by_locale_and_key(orders: AsyncClient) -> None:
    english = {"order.greeting": "Hello", "order.bye": "Bye"}
    await changed(orders, translations={"en": english, "de": {"order.greeting": "Hallo"}})
    new = await orders.campaigns.diff("orders")
    assert {each.change for each in new.translations} == {TranslationDifferenceChange.ADDED}
    await orders.campaigns.activate("orders")
    german = {"order.greeting": "Guten Tag", "order.items": {"one": "ein Artikel", "other": "{count} Artikel"}}
    await changed(orders, translations={"en": {"order.greeting": "Hello"}, "de": german})
    found = await orders.campaigns.diff("orders")
    assert [(each.locale, each.key, each.change.value, each.before, each.after) for each in found.translations] == [
        ("de", "order.greeting", "CHANGED", "Hallo", "Guten Tag"),
        ("de", "order.items", "ADDED", "", '{"one": "ein Artikel", "other": "{count} Artikel"}'),
        ("en", "order.bye", "REMOVED", "Bye", ""),
    ]
    assert found.translation_count == 3
    assert found.fields == ()
