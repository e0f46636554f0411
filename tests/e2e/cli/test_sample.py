"""`clarion sample`: a shell or an interpreter runs its output unchanged."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli.conftest import CommandLine
from tests.service import Sandbox
from tests.typescript import COMPILER, built_client

ROOT = Path(__file__).resolve().parents[3]
CAMPAIGNS = ROOT / "examples" / "campaigns"
#: Is the PATH with the commands of the virtual environment.
PATH = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
SHELL_TOOLS = {"grpcurl": "grpcurl", "buf-curl": "buf", "curl": "curl"}


@pytest.fixture
async def clarion(clarion: CommandLine) -> CommandLine:
    """Returns a command line of a sandbox in which the example campaigns are live."""
    # Samples address a magic recipient, so that nothing is sent.
    clarion.environment |= {
        "SMTP_PORT": "1",
        "WEBHOOK_URL": "http://127.0.0.1:1",
        "WEBHOOK_SECRET": f"whsec_{'A' * 32}",
    }
    applied = await clarion("apply", "-f", str(CAMPAIGNS), "--activate")
    assert applied.status == 0, applied.err
    return clarion


async def run(clarion: CommandLine, *command: str) -> str:
    """Returns what the command prints."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=clarion.folder,
        env={**os.environ, **clarion.environment, "PATH": PATH},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def messages(sandbox: Sandbox, campaign: str) -> list[Any]:
    def listed() -> list[Any]:
        with sandbox.client() as client:
            return list(client.messages.list(campaign=campaign))

    return await asyncio.to_thread(listed)


@pytest.mark.parametrize("tool", SHELL_TOOLS)
async def test_a_command_for_a_shell_triggers(clarion: CommandLine, sandbox: Sandbox, tool: str) -> None:
    program = SHELL_TOOLS[tool]
    if not shutil.which(program, path=PATH):
        pytest.skip(f"{program} is not installed here")
    printed = await clarion("sample", "order-confirmed", "--tool", tool)
    await run(clarion, "bash", "-c", printed.out)
    assert len(await messages(sandbox, "order-confirmed")) == 1


@pytest.mark.parametrize("campaign", ["order-confirmed", "password-reset"])
async def test_the_python_program_triggers(clarion: CommandLine, sandbox: Sandbox, campaign: str) -> None:
    printed = await clarion("sample", campaign, "--tool", "python")
    message = (await run(clarion, sys.executable, "-c", printed.out)).strip()
    assert [each.name for each in await messages(sandbox, campaign)] == [message]


async def test_the_typescript_program_triggers(clarion: CommandLine, sandbox: Sandbox) -> None:
    client = await asyncio.to_thread(built_client)
    printed = await clarion("sample", "order-confirmed", "--tool", "typescript")
    modules = clarion.folder / "node_modules"
    modules.mkdir()
    (modules / "clarion-client").symlink_to(client)
    (modules / "@types").symlink_to(client / "node_modules" / "@types")
    clarion.write("sample.mts", printed.out)
    await run(
        clarion,
        str(COMPILER),
        "--strict",
        "--module",
        "nodenext",
        "--target",
        "es2022",
        "--types",
        "node",
        "--skipLibCheck",
        "sample.mts",
    )
    message = (await run(clarion, "node", "sample.mjs")).strip()
    assert [each.name for each in await messages(sandbox, "order-confirmed")] == [message]


async def test_all_of_them_are_printed_with_the_address_that_was_called(clarion: CommandLine, sandbox: Sandbox) -> None:
    printed = await clarion("sample", "order-confirmed")
    assert printed.out.count(sandbox.target) == 4
    assert sandbox.admin_key not in printed.out
