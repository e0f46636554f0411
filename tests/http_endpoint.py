"""Provides an HTTP server that takes the requests of webhooks, and misbehaves on demand."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.scripted_server import ConnectionEnded, ScriptedServer


@dataclass(frozen=True, slots=True)
class Answer:
    """Answers a request with a status line such as `200 OK`."""

    status: str = "200 OK"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Raw:
    """Answers a request with these octets, and ends the connection."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """Cuts the connection when so many octets of the body were read; None: when the whole request was."""

    after: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Reads no more when so many octets of the body were read, and says nothing; None: when the whole request was."""

    after: int | None = None


#: Says what the server does with a request. An event is waited for before the request is answered with 200.
Act = Answer | Raw | Cut | Silence | asyncio.Event


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    """Have their names in lower case."""
    body: bytes


class HttpEndpoint(ScriptedServer):
    """`async with HttpEndpoint(Answer("503 Busy")) as endpoint:` serves at `endpoint.url`."""

    def __init__(
        self,
        *acts: Act,
        tls: ssl.SSLContext | None = None,
        cut_at_once: bool = False,
        receive_buffer: int | None = None,
    ) -> None:
        """Each act holds for one request, in order, and 200 for all others. A single one holds for every request.

        `cut_at_once` ends each connection before anything is read.
        """
        super().__init__(tls, receive_buffer)
        self.acts: Sequence[Act] = acts
        self.requests: list[Request] = []
        """Those that were read to their end."""
        self._cut_at_once = cut_at_once
        self._turn = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://{self.host}:{self.port}/hook?token=abc"

    async def say(self, octets: bytes) -> None:
        """Sends to every client what nobody asked for."""
        for writer in self._connections.values():
            writer.write(octets)
            await writer.drain()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self._cut_at_once:
            await self._exchange(reader, writer)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        method, target, _ = request_line.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        act, length = self._next_act(), int(headers.get("content-length", 0))
        if isinstance(act, Cut | Silence) and act.after is not None:
            await reader.readexactly(act.after)
            await self._fail(act, writer)
        self.requests.append(Request(method, target, headers, await reader.readexactly(length)))
        await self.notify()
        await self._act(act, reader, writer)

    def _next_act(self) -> Act:
        turn = self._turn
        self._turn += 1
        if len(self.acts) == 1:
            return self.acts[0]
        return self.acts[turn] if turn < len(self.acts) else Answer()

    async def _act(self, act: Act, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match act:
            case Raw(octets):
                writer.write(octets)
                await writer.drain()
                writer.write_eof()
                raise ConnectionEnded
            case Cut():
                raise ConnectionEnded
            case Silence():
                await reader.read()
                raise ConnectionEnded
            case asyncio.Event():
                await _until(act, reader)
                act = Answer()
        assert isinstance(act, Answer)
        fields = {"Content-Length": str(len(act.body)), **act.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"HTTP/1.1 {act.status}\r\n{head}\r\n".encode() + act.body)
        await writer.drain()

    async def _fail(self, act: Act, writer: asyncio.StreamWriter) -> None:
        if isinstance(act, Silence):
            writer.transport.pause_reading()  # type: ignore[attr-defined] # of a socket, so it can read
            await asyncio.Event().wait()
        raise ConnectionEnded


async def _until(event: asyncio.Event, reader: asyncio.StreamReader) -> None:
    """Returns when the event is set. Raises ConnectionEnded when the client goes before."""
    waiting, listening = asyncio.create_task(event.wait()), asyncio.create_task(reader.read(1))
    await asyncio.wait((waiting, listening), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    listening.cancel()
    await asyncio.wait((waiting, listening))
    if not event.is_set():
        raise ConnectionEnded
