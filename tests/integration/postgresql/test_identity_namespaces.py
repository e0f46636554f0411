"""Tests a namespace that is created while others store identities in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from clarion_server.adapters.phone_numbers import is_phone_region
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.adapters.system import SystemClock
from clarion_server.application.identity_namespaces.namespaces import ManageIdentityNamespaces
from clarion_server.application.resources import CreateResource, ResourceInput
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller, Scope
from clarion_server.domain.errors import NamespaceInUse

from tests.contract.store import samples
from tests.contract.store.given import committing

OpenStore = Callable[[], SqlStore]
AUTHOR = Caller("apiKeys/1", samples.VISIBILITY, frozenset({Scope.AUTHOR}))
#: Says how long a transaction that must wait is given to go on although it must not.
MOMENT = 0.5


def create(store: SqlStore) -> None:
    namespaces = ManageIdentityNamespaces(Transactions(store), is_phone_region, SystemClock())
    asyncio.run(namespaces.create(CreateResource("crm", ResourceInput(samples.namespace())), AUTHOR))


def test_a_namespace_waits_for_whoever_stores_an_identity_that_compares_exactly(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            assert work.identity_namespaces.named({("default", "crm")}) == {}
            creation: Future[None] = threads.submit(create, other)
            assert not wait([creation], MOMENT).done
            work.profiles.add(samples.profile(samples.identity("crm", "A-1")))
        with pytest.raises(NamespaceInUse):
            creation.result(120)
