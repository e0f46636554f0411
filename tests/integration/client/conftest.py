"""Runs each test with the client for asyncio and with the synchronous one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from clarion_client import AsyncClient, Client, Retry

from tests.integration.client.threads import InThreads

#: Keeps the delays of retries out of the tests.
AT_ONCE = Retry(initial_delay=0.001, max_delay=0.01)

Connect = Callable[..., AsyncClient]


@pytest.fixture(params=["asyncio", "threads"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Returns a function that makes the client under test, with the interface of `AsyncClient`."""

    def make(target: str, **settings: Any) -> AsyncClient:
        settings = {"retry": AT_ONCE, **settings}
        if request.param == "asyncio":
            return AsyncClient(target, **settings)
        return cast("AsyncClient", InThreads(Client(target, **settings)))

    return make
