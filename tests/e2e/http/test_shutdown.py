"""A service that stops refuses new calls over HTTP, as over gRPC, and finishes running ones."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from clarion_client import AsyncClient

from tests.campaigns import channel
from tests.process import ServiceProcess
from tests.smtp_faults import SmtpFaults

STOP_SECONDS = 20
_DECODER = json.JSONDecoder()
GET = "GET /v1/channelConfigurations"


async def test_calls_under_way_finish_streams_end_with_a_time_to_retry_and_new_calls_are_refused(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()
    async with AsyncExitStack() as stack:
        smtp = await stack.enter_async_context(SmtpFaults({"EHLO": gate}))
        service = await stack.enter_async_context(ServiceProcess(tmp_path))
        async with AsyncClient(service.target, api_key=service.admin_key) as client:
            await client.channels.create(channel("orders", smtp.port))
        idle, watching, verifying = [
            await stack.enter_async_context(Connection(service, call))
            for call in (GET, "GET /v1/events:watch", "POST /v1/channelConfigurations/orders:verify")
        ]
        assert "channelConfigurations" in await idle.json()
        assert "resumeToken" in await watching.json()
        await smtp.wait_until(lambda _: any(line.startswith("EHLO") for line in smtp.commands))
        async with asyncio.timeout(STOP_SECONDS):
            stopping = asyncio.create_task(service.stop())
            assert reason((await watching.json())["@error"]) == "UNAVAILABLE"
            idle.send(GET)
            assert reason(await idle.json()) == "UNAVAILABLE"
            gate.set()
            assert (await verifying.json())["usable"]
            assert await stopping == 0
        assert "Traceback" not in service.log.read_text()


def reason(status: dict[str, Any]) -> str:
    return str(status["details"][0]["reason"])


class Connection:
    """Is a connection on which calls are sent without waiting for their answers."""

    def __init__(self, service: ServiceProcess, call: str) -> None:
        self._service = service
        self._call = call
        self._text = ""

    async def __aenter__(self) -> Self:
        host, _, port = urlsplit(self._service.http).netloc.partition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))
        self.send(self._call)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._writer.close()

    def send(self, call: str) -> None:
        key = self._service.admin_key
        lines = [f"{call} HTTP/1.1", "host: x", f"authorization: Bearer {key}", "content-length: 0"]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())

    async def json(self) -> Any:
        """Returns the next JSON object in the data."""
        while True:
            with suppress(ValueError):
                found, end = _DECODER.raw_decode(self._text, self._text.index("{"))
                self._text = self._text[end:]
                return found
            data = await self._reader.read(65_536)
            assert data
            self._text += data.decode()
