"""An erasure begins to look for messages once no transaction can still add one that it would miss."""

from __future__ import annotations

from collections.abc import Callable

from clarion_server.adapters.storage.store import SqlStore

from tests.contract.store.given import a_sender, committing
from tests.contract.store.test_erasures import erasure
from tests.waiting import wait_until

OpenStore = Callable[[], SqlStore]


def test_an_erasure_is_not_settled_while_a_transaction_goes_on_that_began_before_it(open_store: OpenStore) -> None:
    store, other = open_store(), open_store()
    with other.begin() as accepting:
        a_sender(accepting)
        with committing(store) as work:
            begun = work.erasures.add(erasure())
        with store.snapshot() as later:
            assert not later.erasures.is_settled(begun)
        accepting.commit()

    def is_settled() -> bool:
        with store.snapshot() as later:
            return later.erasures.is_settled(begun)

    # The database may have work of its own.
    wait_until(is_settled)
