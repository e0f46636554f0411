"""Test cases over the wire: written, tried, and compared with what was accepted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion.v1 import test_run_pb2 as pb
from clarion_client import (
    Action,
    AsyncClient,
    Comparison,
    ConflictError,
    ContentVariant,
    EmailContent,
    InvalidRequestError,
    LocaleOrigin,
    LocaleReason,
    PermissionDeniedError,
    PreconditionFailedError,
    Scope,
    TestCase,
    TestCell,
    TestRun,
)

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.wire.conftest import Sandbox

PATH = "/clarion.v1.TestCaseService/TestCampaign"
CONTENT = EmailContent(
    subject="Order {{ context.order }}",
    html='<p>{{ context.order }}</p> <a href="{{ context.order }}">Look</a>',
    text="Order {{ context.order }}",
)
GERMAN = ContentVariant(locale="de", email=EmailContent(subject="Bestellung {{ context.order }}", text="Danke."))


@pytest.fixture
async def author(sandbox: Sandbox) -> AsyncClient:
    await sandbox.client.channels.create(channel("orders", 9))
    draft = campaign("orders", "orders")
    action = Action(channel_configuration="orders", email=CONTENT, variants=[GERMAN])
    await sandbox.client.campaigns.create(replace(draft, actions=[action]))
    await sandbox.client.test_cases.create(TestCase(name="orders/plain", context=CONTEXT))
    await sandbox.client.test_cases.create(TestCase(name="orders/swiss", context=CONTEXT, locale="de-CH"))
    return sandbox.client


async def tried(author: AsyncClient) -> tuple[dict[str, TestCell], TestRun]:
    run = author.test_cases.run("orders")
    cells = {f"{cell.key.test_case} {cell.key.locale}": cell async for cell in run}
    return cells, run.end


async def test_each_cell_says_why_it_is_there_and_what_it_shows(author: AsyncClient) -> None:
    cells, end = await tried(author)
    assert list(cells) == ["plain en", "plain de", "swiss de"]
    swiss = cells["swiss de"]
    assert (swiss.wanted_locale, swiss.locale_origin) == ("de-CH", LocaleOrigin.CASE)
    assert swiss.locale_reason is LocaleReason.PARENT
    assert swiss.email is not None
    assert swiss.email.subject == "Bestellung 4711"
    assert "Subject: Bestellung 4711\n" in swiss.document
    plain = cells["plain en"]
    assert plain.locale_origin is LocaleOrigin.EVERY
    assert [(each.code, each.field) for each in plain.findings] == [("LINK_INVALID", "actions[0].email.html")]
    assert end.format_data.startswith("babel-")


async def test_what_is_accepted_is_what_later_runs_are_compared_with(author: AsyncClient) -> None:
    cells, end = await tried(author)
    assert {cell.comparison for cell in cells.values()} == {Comparison.NEW}
    done = await author.test_cases.accept("orders", end, cells.values())
    assert (done.accepted_count, done.dropped_count) == (3, 0)
    assert {cell.comparison for cell in (await tried(author))[0].values()} == {Comparison.SAME}
    draft = await author.campaigns.get("orders")
    action = replace(draft.actions[0], email=replace(CONTENT, subject="Your order {{ context.order }}"))
    await author.campaigns.update(replace(draft, actions=[action]), ["actions"])
    changed = (await tried(author))[0]
    assert {name: cell.comparison.value for name, cell in changed.items()} == {
        "plain en": "CHANGED", "plain de": "SAME", "swiss de": "SAME"
    }  # fmt: skip
    assert "-Subject: Order 4711\n+Subject: Your order 4711" in changed["plain en"].unified_diff
    with pytest.raises(ConflictError) as conflict:
        await author.test_cases.accept("orders", end, changed.values())
    assert conflict.value.reason == "ETAG_MISMATCH"


async def test_a_failing_case_keeps_a_campaign_from_being_activated(author: AsyncClient) -> None:
    await author.test_cases.create(TestCase(name="orders/broken", context={"order": 7}))
    cells, _ = await tried(author)
    broken = cells["broken en"]
    assert (broken.comparison, broken.document, broken.etag) == (Comparison.FAILED, "", "")
    assert [(each.field, each.reason) for each in broken.violations] == [("context.order", "WRONG_TYPE")]
    with pytest.raises(PreconditionFailedError) as refused:
        await author.campaigns.activate("orders")
    assert refused.value.reason == "REVIEW_FAILED"
    codes = [(each.code, each.field) for each in (await author.campaigns.review("orders")).findings]
    assert codes == [("TEST_CASE_FAILED", "test_cases.broken.context.order")]


async def test_renderings_may_be_left_out(author: AsyncClient) -> None:
    cells = [cell async for cell in author.test_cases.run("orders", ["swiss"], omit_renderings=True)]
    assert [(cell.email, cell.document, bool(cell.etag)) for cell in cells] == [(None, "", True)]


@pytest.mark.parametrize(
    ("request_", "violations"),
    [
        (pb.TestCampaignRequest(), [("campaign", "REQUIRED")]),
        (pb.TestCampaignRequest(campaign="campaigns/orders", test_cases=["no"]), [("test_cases[0]", "UNKNOWN_VALUE")]),
        (pb.TestCampaignRequest(campaign="campaigns/orders", test_cases=["a"] * 101), [("test_cases", "TOO_MANY")]),
        (
            pb.TestCampaignRequest(campaign="campaigns/orders", expected=[pb.ExpectedRendering()] * 2_001),
            [("expected", "TOO_MANY")],
        ),
        (
            pb.TestCampaignRequest(campaign="campaigns/orders", expected=[pb.ExpectedRendering()]),
            [("expected[0].key.test_case", "REQUIRED"), ("expected[0].key.action", "REQUIRED"),
             ("expected[0].key.locale", "REQUIRED"), ("expected[0].document", "REQUIRED")],
        ),
    ],
)  # fmt: skip
async def test_every_mistake_of_a_run_is_told(
    sandbox: Sandbox, author: AsyncClient, request_: pb.TestCampaignRequest, violations: list[tuple[str, str]]
) -> None:
    failure = await sandbox.wire.refuse(PATH, request_)
    assert (failure.reason, list(failure.violations)) == ("INVALID_FIELDS", violations)


async def test_a_token_of_another_run_is_refused(sandbox: Sandbox, author: AsyncClient) -> None:
    for token in ("x", "WyJ4Iiw1XQ"):
        failure = await sandbox.wire.refuse(PATH, pb.TestCampaignRequest(campaign="campaigns/orders", page_token=token))
        assert failure.reason == "INVALID_PAGE_TOKEN"


async def test_readers_try_and_authors_accept(sandbox: Sandbox, author: AsyncClient) -> None:
    async with AsyncClient(sandbox.service.target, api_key=await sandbox.new_key(Scope.READ)) as reader:
        cells, end = await tried(reader)
        with pytest.raises(PermissionDeniedError):
            await reader.test_cases.accept("orders", end, cells.values())


async def test_a_test_case_without_a_name_is_refused(sandbox: Sandbox, author: AsyncClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await author.test_cases.create(TestCase(name="orders/No Name", locale="deutsch!"))
    assert [each.field for each in refused.value.violations] == ["test_case_id", "test_case.locale"]
