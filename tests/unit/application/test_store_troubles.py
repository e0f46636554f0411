"""The log says once why the store does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from clarion_server.application.campaigns.queue_canceller import QueueCanceller
from clarion_server.application.ports.store import StoreUnavailable, UnitOfWork
from clarion_server.application.store_troubles import StoreTroubles
from clarion_server.application.transactions import Transactions
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.errors import Unavailable
from structlog.testing import capture_logs

from tests.fakes import FaultyStore
from tests.memory_store import MemoryStore
from tests.unit.application.running import until
from tests.unit.application.working import as_world


class TroubledStore(MemoryStore):
    """Is a store that fails for the given reason, until that is empty."""

    reason = ""

    @contextmanager
    def begin(self, *, durable_later: bool = False) -> Iterator[UnitOfWork]:
        if self.reason:
            raise StoreUnavailable(self.reason)
        with super().begin(durable_later=durable_later) as unit:
            yield unit


async def test_the_log_says_once_why_the_store_does_not_answer_and_when_it_is_back() -> None:
    store = TroubledStore()
    transactions = Transactions(store)
    with capture_logs() as logs:
        for reason in ("The disk is full.", "The disk is full.", "The disk is gone.", "The disk is full."):
            store.reason = reason
            with pytest.raises(Unavailable):
                await transactions.write(lambda _: None)
            # What can still be read does not mean that it is back.
            await transactions.read(lambda _: None)
        store.reason = ""
        await transactions.write(lambda _: None)
        await transactions.write(lambda _: None)
    assert transactions.failure_count == 4
    transactions.close()
    store.close()
    assert [(log["event"], log.get("reason")) for log in logs] == [
        ("store_unavailable", "The disk is full."),
        ("store_unavailable", "The disk is gone."),
        ("store_back", None),
    ]


def test_a_store_that_comes_and_goes_is_told_of_once_a_minute() -> None:
    time = 0.0
    troubles = StoreTroubles(lambda: time)
    with capture_logs() as logs:
        for second in range(0, 150, 5):
            time = float(second)
            troubles.report("The disk is full.")
            troubles.end()
        assert [log["event"] for log in logs] == ["store_unavailable", "store_back"] * 3


def test_a_store_that_fails_again_and_stays_away_is_told_of_a_minute_later() -> None:
    time = 0.0
    troubles = StoreTroubles(lambda: time)
    with capture_logs() as logs:
        troubles.report("The disk is full.")
        troubles.end()
        for second in range(1, 90):
            time = float(second)
            troubles.report("The disk is full.")
    assert [log["event"] for log in logs] == ["store_unavailable", "store_back", "store_unavailable"]


async def test_a_queue_that_could_not_be_cancelled_is_not_told_as_cancelled() -> None:
    store = FaultyStore(MemoryStore())
    with as_world(store) as world, capture_logs() as logs:
        campaign = replace(await world.live(), state=CampaignState.STOPPED, queue_disposal=QueueDisposal.CANCEL)
        canceller = QueueCanceller(world.transactions, world.clock)
        store.failures = 1
        canceller.start_if_due(campaign)
        await until(lambda: len(logs) > 1)
        await canceller.close()
    assert [log["event"] for log in logs] == ["store_unavailable", "queue_cancelling_failed"]
