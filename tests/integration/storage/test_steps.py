"""A batch of the hot path takes as many statements as one message, because each may wait for the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.events.counter import LatencyKey
from clarion_server.domain.messages.message import Message, MessageState

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender
from tests.integration.storage.statements import recorded

NOW = samples.NOW
OWNER = "process-1"


def accept(work: UnitOfWork, sender: Sender, number: int) -> None:
    executions = [samples.execution(sender.campaign.key, request_id=samples.new_id()) for _ in range(number)]
    work.campaigns.lock([sender.campaign.key])
    work.executions.by_request_ids([(each.campaign_key, each.request_id or "") for each in executions])
    work.executions.add_all(executions)
    work.messages.add_all(messages(sender, number))
    work.counters.add({samples.counter(sender.campaign.key, 1): number})


def claim(work: UnitOfWork, sender: Sender, number: int) -> list[Message]:
    work.messages.add_all(messages(sender, number))
    claimed = work.messages.due(sender.channel.key, NOW, number)
    work.messages.begin([message.id for message in claimed], OWNER, NOW)
    return claimed


def record_outcomes(work: UnitOfWork, sender: Sender, number: int) -> None:
    claimed = claim(work, sender, number)
    work.messages.record_outcomes([samples.outcome(message, MessageState.SENT) for message in claimed], OWNER)
    work.events.add_all([samples.event(message) for message in claimed])
    latencies = {LatencyKey(sender.campaign.key, 1, "email", bucket): 1 for bucket in range(number)}
    work.counters.add_latencies(latencies)


def messages(sender: Sender, number: int) -> list[Message]:
    return [samples.message(sender.campaign.key, sender.channel.key) for _ in range(number)]


@pytest.mark.parametrize("task", [accept, claim, record_outcomes])
def test_a_batch_takes_as_many_statements_as_one(
    task: Callable[[UnitOfWork, Sender, int], object], store: SqlStore
) -> None:
    with store.begin() as work:
        sender = a_sender(work)
        with recorded(store) as for_one:
            task(work, sender, 1)
        with recorded(store) as for_many:
            task(work, sender, 50)
    assert len(for_many) == len(for_one)


def test_a_thousand_rows_take_a_handful_of_statements(store: SqlStore) -> None:
    with store.begin() as work:
        sender = a_sender(work)
        with recorded(store) as statements:
            work.executions.add_all([samples.execution(sender.campaign.key) for _ in range(1000)])
    assert len(statements) <= 5


def test_due_messages_of_a_lane_come_in_one_row(store: SqlStore) -> None:
    with store.begin() as work:
        sender = a_sender(work)
        work.messages.add_all(messages(sender, 20))
        with recorded(store) as statements:
            assert len(work.messages.due(sender.channel.key, NOW, 20)) == 20
        rows = [work.messages._connection.exec_driver_sql(*statement).all() for statement in statements]
    assert {len(each) for each in rows} == {1}
