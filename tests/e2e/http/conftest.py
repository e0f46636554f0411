"""Connections over HTTP to a sandbox of the shared service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.http.calls import Http
from tests.service import Sandbox, Service


@pytest.fixture
def http(service: Service, sandbox: Sandbox) -> Iterator[Http]:
    """Sends the key of the sandbox's administrator."""
    with Http(service.http, sandbox.admin_key) as connection:
        yield connection
