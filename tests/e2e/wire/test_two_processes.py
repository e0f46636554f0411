"""Two processes on one SQLite file: each request, message and change counts once, in whichever process it arrives."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from clarion_client import (
    AsyncClient,
    ConsentChange,
    ConsentChoice,
    ConsentSource,
    ExclusionReason,
    InvalidRequestError,
    PreconditionFailedError,
    RecipientOutcome,
    Topic,
)

from tests.campaigns import CONTEXT, campaign, set_up
from tests.e2e.crash_load import check, set_up_campaigns, under_load
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink

SOAK = bool(os.environ.get("CLARION_SOAK"))
KILLS = 30 if SOAK else 2
ACKNOWLEDGED_BEFORE_KILL = 60

WIDER_SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "string"}, "gift": {"type": "string"}},
    "required": ["order"],
    "additionalProperties": False,
}


#: Processes belong to the loop that started them.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def processes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[ServiceProcess, ServiceProcess]]:
    """Two processes on one file."""
    folder = Path(tmp_path_factory.mktemp("two"))
    async with ServiceProcess(folder, lease_seconds="1") as first, ServiceProcess(folder, lease_seconds="1") as second:
        second.admin_key = first.admin_key
        yield first, second


@pytest_asyncio.fixture(loop_scope="module")
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def pair(processes: tuple[ServiceProcess, ServiceProcess]) -> AsyncIterator[tuple[AsyncClient, AsyncClient]]:
    """A client of each."""
    first, second = processes
    async with (
        AsyncClient(first.target, api_key=first.admin_key) as one,
        AsyncClient(second.target, api_key=second.admin_key) as other,
    ):
        yield one, other


async def test_one_request_through_both_processes_at_once_is_one_execution_and_one_mail(
    pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink
) -> None:
    await set_up(pair[0], "same", sink.port)
    for request_id in range(30):
        to = f"r{request_id}@example.com"
        calls = [
            client.trigger("same", to=to, context=CONTEXT, request_id=str(request_id))
            for _ in range(5)
            for client in pair
        ]
        answers = await asyncio.gather(*calls)
        assert len({answer.execution for answer in answers}) == 1
        assert [answer.replayed for answer in answers].count(False) == 1
    await sink.wait_for(30)
    print(f"\n300 calls through two processes, 30 request ids: {sink.counts.total()} mails")
    assert set(sink.counts.values()) == {1}
    assert (await pair[1].reports.get("same")).targeted_count == 30


async def test_what_one_process_changes_counts_in_the_other_at_once(
    pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink
) -> None:
    one, other = pair
    await set_up(one, "changing", sink.port)
    await other.trigger("changing", to="jane@example.com", context=CONTEXT)
    await one.campaigns.update(campaign("changing", "changing", context_schema=WIDER_SCHEMA), ["context_schema"])
    await one.campaigns.activate("changing")
    await other.trigger("changing", to="jane@example.com", context={**CONTEXT, "gift": "a bow"})
    await one.campaigns.pause("changing")
    with pytest.raises(PreconditionFailedError):
        await other.trigger("changing", to="jane@example.com", context=CONTEXT)
    await other.campaigns.resume("changing")
    await one.trigger("changing", to="jane@example.com", context=CONTEXT)
    with pytest.raises(InvalidRequestError):
        await one.trigger("changing", to="jane@example.com", context={})


async def test_an_address_suppressed_in_one_process_gets_nothing_from_the_other(
    pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink
) -> None:
    one, other = pair
    await set_up(one, "suppressing", sink.port)
    for place in range(20):
        address = f"r{place}@suppressed.example"
        suppression = await one.suppressions.create(address)
        answer = await other.trigger("suppressing", to=address, context=CONTEXT)
        assert answer.recipients[0].outcome is RecipientOutcome.EXCLUDED
        await other.suppressions.delete(suppression.name)
        answer = await one.trigger("suppressing", to=address, context=CONTEXT)
        assert answer.recipients[0].outcome is RecipientOutcome.ACCEPTED
    await sink.wait_for(20)
    report = await one.reports.get("suppressing")
    assert (report.targeted_count, report.excluded_count, report.hand_off_excluded_counts) == (40, 20, {})


async def test_who_leaves_by_one_process_gets_nothing_from_the_other(
    pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink
) -> None:
    one, other = pair
    await one.topics.create(Topic(name="delivery", display_name="Delivery updates"))
    await set_up(one, "delivery", sink.port, topic="delivery")
    for place in range(20):
        address = f"r{place}@leaving.example"
        await one.consents.set(address, [_choice(ConsentChoice.GRANTED)])
        answer = await other.trigger("delivery", to=address, context=CONTEXT)
        assert answer.recipients[0].outcome is RecipientOutcome.ACCEPTED
        # Before that the denial would stop this mail too.
        await sink.wait_for(place + 1)
        await other.consents.set(address, [_choice(ConsentChoice.DENIED)])
        answer = await one.trigger("delivery", to=address, context=CONTEXT)
        assert answer.recipients[0].messages[0].exclusion_reason is ExclusionReason.NO_CONSENT
    assert len(sink.mails) == 20


def _choice(choice: ConsentChoice) -> ConsentChange:
    return ConsentChange(topic="delivery", choice=choice, source=ConsentSource.PREFERENCE_PAGE)


async def test_a_watch_sees_the_events_of_both(pair: tuple[AsyncClient, AsyncClient], sink: SmtpSink) -> None:
    one, other = pair
    await set_up(one, "watched", sink.port)
    async with other.messages.watch(campaign="watched") as watch, asyncio.timeout(120):
        sent = [await client.trigger("watched", to="jane@example.com", context=CONTEXT) for client in pair * 3]
        seen = {(await anext(watch)).execution for _ in sent}
    assert seen == {answer.execution for answer in sent}


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
async def test_every_message_has_exactly_one_outcome_though_one_of_the_two_is_killed(
    processes: tuple[ServiceProcess, ServiceProcess], sink: SmtpSink, show_counts: Callable[[str], None]
) -> None:
    # A client without retries fails at once when its process is dead, and the call goes to the other one.
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(AsyncClient(each.target, api_key=each.admin_key, retry=None))
            for each in processes
        ]
        await set_up_campaigns(clients[0], sink.port)
        async with under_load(*clients) as load:
            for process in processes * (KILLS // 2):
                await load.wait_for_more(ACKNOWLEDGED_BEFORE_KILL)
                await process.kill()
                await load.wait_for_more(ACKNOWLEDGED_BEFORE_KILL)
                await process.start()
        await check(f"{KILLS} kills", load, sink, show_counts)
