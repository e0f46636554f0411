"""The log says once why the store does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from clarion_server.application.ports.store import StoreUnavailable, UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Unavailable
from structlog.testing import capture_logs

from tests.memory_store import MemoryStore


class TroubledStore(MemoryStore):
    """A store that fails for the given reason, until that is empty."""

    reason = ""

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        if self.reason:
            raise StoreUnavailable(self.reason)
        with super().begin() as unit:
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
