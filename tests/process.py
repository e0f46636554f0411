"""Runs the service as a program that tests can kill and start again on the same store and port."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.fork_server import Forked, fork_server, reader_of
from tests.ports import free_port

#: Says how long, in seconds, a start may take on a slow and busy machine. Only a failing test waits for it.
START_SECONDS = 180.0


class ServiceProcess:
    """`async with ServiceProcess(folder) as service:` serves at `service.target` with the key `service.admin_key`."""

    def __init__(self, folder: Path, *, port: int | None = None, **environment: str) -> None:
        """`environment` has settings without their prefix, such as `lease_seconds="1"`."""
        self.folder = folder
        self.port = port or free_port()
        self.admin_key = ""
        self.metrics: list[str] = []
        """The address at which each of its processes serves metrics, if it does."""
        self.http = ""
        """The URL at which it serves HTTP, with another port after each start."""
        self._environment = {f"CLARION_{name.upper()}": value for name, value in environment.items()}
        self._process: Forked | None = None

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        return self.folder / "service.log"

    async def start(self) -> None:
        settings = {
            "CLARION_LISTEN": self.target,
            "CLARION_HTTP_LISTEN": "127.0.0.1:0",
            "CLARION_STORE": f"sqlite:///{self.folder}/clarion.db",
        }
        with self.log.open("ab") as log:
            self._process = self._launch({**os.environ, **settings, **self._environment}, log.fileno())
        self._output = await reader_of(self._process.output)
        async with asyncio.timeout(START_SECONDS):
            await self._until_serving()

    def _launch(self, environment: Mapping[str, str], log: int) -> Forked:
        return fork_server().start(log, environment, "serve")

    async def _until_serving(self) -> None:
        self.metrics.clear()
        async for line in self._output:
            if found := re.search(rb"clk_\S+", line):
                self.admin_key = found[0].decode()
            if found := re.match(rb"serving metrics on (\S+)", line):
                self.metrics.append(found[1].decode())
            if found := re.match(rb"serving http on (\S+)", line):
                self.http = f"http://{found[1].decode()}"
            if line.startswith(b"serving grpc on"):
                return
        raise RuntimeError(f"The service ended at its start:\n{self.log.read_text()}")

    async def kill(self) -> None:
        """Ends it at once, like a power cut."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Stops it as an operator does. Returns the exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None
        # It may have ended by itself.
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        await self._output.read()
        return int(await (await reader_of(process.end)).read())

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            await self.kill()
