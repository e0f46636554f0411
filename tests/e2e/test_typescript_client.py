"""Runs the tests in `clients/typescript/test` against a live service, and compiles what the pages show."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaigns import campaign, channel
from tests.commands import run
from tests.service import Sandbox
from tests.typescript import COMPILER, ROOT, built_client

PASSED = re.compile(r"^# pass (\d+)$", re.MULTILINE)
SAMPLE = re.compile(r"^```ts\n(.*?)^```", re.DOTALL | re.MULTILINE)


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


def test_the_samples_in_typescript_on_the_pages_compile(client: Path) -> None:
    folder = client / "build" / "samples"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for page in (ROOT / "docs" / "clients.md", client / "README.md"):
        for number, code in enumerate(SAMPLE.findall(page.read_text(encoding="utf-8"))):
            (folder / f"{page.stem.lower()}{number}.ts").write_text(code, encoding="utf-8")
    options = {"noEmit": True, "rootDir": "../.."}
    (folder / "tsconfig.json").write_text(
        json.dumps({"extends": "../../tsconfig.json", "compilerOptions": options, "include": ["*.ts"]})
    )
    run(client, str(COMPILER), "--project", str(folder))
