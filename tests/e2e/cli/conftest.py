"""Runs the command `clarion` in a sandbox."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from clarion_client import AsyncClient
from clarion_server.transport.cli.app import run

from tests.fork_server import fork_server, reader_of
from tests.service import Sandbox
from tests.smtp_sink import SmtpSink

#: Is the longest time that a command of a test may take.
SECONDS = 180

CHANNEL = """\
channel: orders
display_name: Orders
smtp:
  host: 127.0.0.1
  port: ${SMTP_PORT}
  tls_mode: NONE
  sender: {address: shop@example.com, display_name: The Shop}
"""
CAMPAIGN = """\
campaign: order-confirmed
display_name: Order confirmed
category: TRANSACTIONAL
actions:
  - channel_configuration: orders
    email:
      subject: Order {{ context.order }}
      html: |
        <p>Thank you.</p>
        <p>Your order is {{ context.order }}.</p>
context_schema:
  type: object
  required: [order]
  properties:
    order: {type: string}
"""


@dataclass(frozen=True, slots=True)
class Finished:
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Returns the value that `--json` printed."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Returns the values that `--json` printed, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


@dataclass
class CommandLine:
    """Runs commands in `folder`, without a terminal: `await clarion("report", "order-confirmed")`.

    A call runs the command in a thread of this process, which saves the start of an interpreter. `process` runs it in
    one of its own, which is forked from one that has loaded the commands. `start` starts an interpreter, for commands
    that end by a signal.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    async def __call__(self, *arguments: str, stdin: str = "") -> Finished:
        return await asyncio.to_thread(self._run, arguments, stdin)

    async def process(self, *arguments: str, stdin: str = "") -> Finished:
        with TemporaryFile() as given, TemporaryFile() as errors:
            given.write(stdin.encode())
            given.seek(0)
            environment = {**os.environ, **self.environment}
            process = fork_server().start(
                errors.fileno(), environment, *arguments, folder=self.folder, given=given.fileno()
            )
            out, end = await reader_of(process.output), await reader_of(process.end)
            try:
                async with asyncio.timeout(SECONDS):
                    printed, status = await out.read(), int(await end.read())
            except TimeoutError:
                os.kill(process.pid, signal.SIGKILL)
                raise
            errors.seek(0)
            return Finished(status, printed.decode(), errors.read().decode())

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "clarion_server",
            *arguments,
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def wait_for_events(self, count: int) -> None:
        """Returns when so many messages have come to their end."""
        target, key = self.environment["CLARION_TARGET"], self.environment["CLARION_API_KEY"]
        async with (
            asyncio.timeout(SECONDS),
            AsyncClient(target, api_key=key) as client,
            client.messages.watch(from_start=True) as watch,
        ):
            for _ in range(count):
                await anext(watch)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def _run(self, arguments: Sequence[str], stdin: str) -> Finished:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            status = run(arguments, serve="")
        return Finished(status, out.getvalue(), err.getvalue())


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as running:
        yield running


@pytest.fixture
def clarion(sandbox: Sandbox, tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, dict(sandbox.environment))


@pytest.fixture
async def shop(clarion: CommandLine, sink: SmtpSink) -> CommandLine:
    """Returns a command line with the files of the live campaign `order-confirmed`, whose mails reach `sink`."""
    clarion.environment["SMTP_PORT"] = str(sink.port)
    clarion.write("channel.yaml", CHANNEL)
    clarion.write("campaign.yaml", CAMPAIGN)
    applied = await clarion("apply", "-f", ".", "--activate")
    assert applied.status == 0, applied.err
    return clarion
