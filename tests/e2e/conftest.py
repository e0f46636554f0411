"""Provides the service that the tests of this folder share, and a sandbox for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service import Sandbox, Service, running_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def sandbox(service: Service) -> Sandbox:
    return service.new_sandbox()
