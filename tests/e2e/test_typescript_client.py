"""Runs the tests in `clients/typescript/test` against a live service."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaigns import campaign, channel
from tests.commands import run
from tests.service import Sandbox
from tests.typescript import COMPILER, built_client

PASSED = re.compile(r"^# pass (\d+)$", re.MULTILINE)


@pytest.fixture
def client() -> Path:
    return built_client()


def test_the_typescript_client_does_what_its_tests_say(
    client: Path, sandbox: Sandbox, show_counts: Callable[[str], None]
) -> None:
    with sandbox.client() as administrator:
        administrator.channels.create(channel("orders", port=1))
        administrator.campaigns.create(campaign("orders", "orders"))
        administrator.campaigns.activate("orders")
        administrator.campaigns.create(campaign("draft", "orders"))
    run(client, str(COMPILER), "--project", "tsconfig.test.json")
    tests = sorted(str(path) for path in (client / "build" / "test").glob("*.test.js"))
    printed = run(client, "node", "--test", "--test-reporter=tap", *tests, **sandbox.environment)
    passed = PASSED.search(printed)
    assert passed is not None
    assert int(passed[1]) > 0
    show_counts(f"{passed[1]} tests of the TypeScript client")
