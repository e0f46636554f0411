"""Prepares the store once, before several processes start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from clarion_server.adapters.system import SystemClock, SystemIds
from clarion_server.application.access.api_keys import ManageApiKeys
from clarion_server.application.maintenance.key_renewal import record_normalisers
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.address_hashes import record_erasure_keys, wire_address_hashes
from clarion_server.bootstrap.certificates import credentials
from clarion_server.bootstrap.links import record_link_keys, wire_links
from clarion_server.bootstrap.normalisers import own_normalisers
from clarion_server.bootstrap.start_failures import failures_of_starting
from clarion_server.bootstrap.stores import open_store
from clarion_server.config import Settings


async def prepare(settings: Settings, show_first_key: Callable[[str], None]) -> None:
    """Creates or migrates the store, and makes its first key. Raises CannotStart."""
    credentials(settings)
    links = wire_links(settings)
    hashes = wire_address_hashes(settings)
    with closing(open_store(settings.store)) as store, closing(Transactions(store)) as transactions:
        clock = SystemClock()
        keys = ManageApiKeys(transactions, clock, SystemIds(), lambda _: None)
        with failures_of_starting():
            await record_link_keys(transactions, links, clock)
            await record_erasure_keys(transactions, hashes, clock)
            await record_normalisers(transactions, own_normalisers(), clock)
            first_key = await keys.ensure_first_key()
    if first_key is not None:
        show_first_key(first_key)
