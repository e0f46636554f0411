"""Wires what makes the keys by which people are found, and the renewal of those that something else has made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from clarion_server.adapters.phone_numbers import library_version, read_phone_number
from clarion_server.adapters.system import SystemClock
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.maintenance.key_renewal import RenewKeys
from clarion_server.application.ports.store import Store
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.start_failures import CannotStart, failures_of_starting
from clarion_server.bootstrap.stores import open_store
from clarion_server.domain.people.key_renewal import FoundKey, Renewal
from clarion_server.domain.people.normalisers import NormaliserVersions, normaliser_versions


def own_normalisers() -> NormaliserVersions:
    """Returns the versions that this process has."""
    return normaliser_versions(library_version())


async def renew_keys(store_url: str, report: Callable[[Sequence[FoundKey]], None]) -> Renewal | None:
    """Does what `RenewKeys.run` does, on a store that a service may be using. Raises CannotStart."""
    with closing(_open_made_store(store_url)) as store, closing(Transactions(store)) as transactions:
        identities = IdentityReader(read_phone_number)
        with failures_of_starting():
            return await RenewKeys(transactions, identities, own_normalisers(), SystemClock()).run(report)


def _open_made_store(url: str) -> Store:
    """Opens a store that a service has made, and makes none. Raises CannotStart."""
    _, _, path = url.partition("sqlite:///")
    if path and not Path(path).exists():
        raise CannotStart(f"There is no store {Path(path).absolute()}: name the one of the service, in CLARION_STORE.")
    return open_store(url)
