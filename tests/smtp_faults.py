"""Provides an SMTP server that misbehaves on demand, as its script says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from tests.scripted_server import ConnectionEnded, ScriptedServer
from tests.smtp_script import EXTENSIONS, Act, Drip, Drop, Interrupt, Script, Silence, Transaction

_SANE = {
    "GREETING": "220 faults.test ESMTP",
    "STARTTLS": "220 2.0.0 Go ahead",
    "AUTH": "235 2.7.0 Accepted",
    "MAIL": "250 2.1.0 OK",
    "RCPT": "250 2.1.5 OK",
    "CONTENT": "250 2.0.0 Taken",
    "RSET": "250 2.0.0 Forgotten",
    "QUIT": "221 2.0.0 Bye",
}


class SmtpFaults(ScriptedServer):
    """`async with SmtpFaults({"RCPT": "550 5.1.1 Nobody here"}) as server:` serves on `server.host`, `server.port`."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        extensions: Sequence[str] = EXTENSIONS,
        implicit_tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        super().__init__(implicit_tls, receive_buffer)
        self.script = script or {}
        self.extensions = extensions
        self.commands: list[str] = []
        """Every command line, of all connections."""
        self.taken: list[bytes] = []
        """The messages that were answered positively; lines end in CRLF, dots are still doubled."""
        self.reached: set[str] = set()
        """The steps at which the server has begun to act."""
        self._starttls = starttls
        self._used: dict[str, int] = {}

    async def say(self, reply: str, *, goes_on: bool = False) -> None:
        """Sends a reply that nobody asked for to every client, and ends its session unless that `goes_on`."""
        for writer in self._connections.values():
            writer.write(f"{reply}\r\n".encode())
            await writer.drain()
            if not goes_on:
                writer.write_eof()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Session(self, reader, writer, self._starttls).run()

    async def act(self, step: str, transaction: Transaction) -> Act:
        """Returns what the script says of this step now."""
        self.reached.add(step)
        await self.notify()
        return self._decide(step, transaction)

    def _decide(self, step: str, transaction: Transaction) -> Act:
        act = self.script.get(step)
        if callable(act):
            return act(transaction)
        if not isinstance(act, Sequence) or isinstance(act, str):
            return act
        turn = self._used.get(step, 0)
        self._used[step] = turn + 1
        return act[turn] if turn < len(act) else None


class _Session:
    def __init__(
        self,
        server: SmtpFaults,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        starttls: ssl.SSLContext | None,
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._starttls = starttls
        self._transaction = Transaction()

    async def run(self) -> None:
        await self._answer("GREETING")
        while True:
            line = (await self._reader.readuntil(b"\n")).decode("utf-8", "replace").rstrip("\r\n")
            self._server.commands.append(line)
            verb = line.partition(" ")[0].upper()
            self._transaction.argument = line.partition(":")[2].partition(">")[0].lstrip("<")
            await getattr(self, f"_on_{verb.lower()}", self._on_other)(verb)

    async def _on_ehlo(self, verb: str) -> None:
        extensions = [*self._server.extensions, *(["STARTTLS"] if self._starttls else [])]
        lines = ["faults.test", *extensions]
        last = len(lines) - 1
        await self._answer(verb, "\r\n".join(f"250{' ' if at == last else '-'}{line}" for at, line in enumerate(lines)))

    async def _on_starttls(self, verb: str) -> None:
        assert self._starttls is not None
        if await self._answer(verb) == "220":
            await self._writer.start_tls(self._starttls)
            self._starttls = None

    async def _on_mail(self, verb: str) -> None:
        if await self._answer(verb) == "250":
            self._transaction.sender = self._transaction.argument

    async def _on_rcpt(self, verb: str) -> None:
        if self._transaction.sender is None:
            await self._say("503 5.5.1 MAIL first")
        elif await self._answer(verb) == "250":
            self._transaction.recipients.append(self._transaction.argument)

    async def _on_data(self, verb: str) -> None:
        sane = "354 Go on" if self._transaction.recipients else "554 5.5.1 No valid recipients"
        if await self._answer(verb, sane) != "354":
            return
        content = await self._read_content()
        if await self._answer("CONTENT") == "250":
            self._server.taken.append(content)
        self._transaction = Transaction()
        await self._server.notify()

    async def _read_content(self) -> bytes:
        act = self._server.script.get("CONTENT")
        if isinstance(act, Drop | Silence | Interrupt) and act.after is not None:
            await self._reader.readexactly(act.after)
            await self._perform(act)
        content = b""
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            content += line
        return content

    async def _on_rset(self, verb: str) -> None:
        self._transaction = Transaction()
        await self._answer(verb)

    async def _on_quit(self, verb: str) -> None:
        await self._answer(verb)
        raise ConnectionEnded

    async def _on_other(self, verb: str) -> None:
        await self._answer(verb, _SANE.get(verb, "502 5.5.1 Not implemented"))

    async def _answer(self, step: str, sane: str = "") -> str:
        """Returns the code that was sent."""
        act = await self._server.act(step, self._transaction)
        if isinstance(act, asyncio.Event):
            await act.wait()
            act = None
        return await self._say(sane or _SANE[step] if act is None else await self._perform(act))

    async def _say(self, reply: str) -> str:
        """Returns the code that was sent."""
        self._writer.write(reply.encode("utf-8", "surrogateescape") + b"\r\n")
        await self._writer.drain()
        code = reply[:3]
        if code == "421":
            self._writer.close()
            await self._writer.wait_closed()
            raise ConnectionEnded
        return code

    async def _perform(self, act: Act) -> str:
        """Returns what is left to say. Does not come back from accidents."""
        match act:
            case Drop():
                raise ConnectionEnded
            case Silence(None):
                await self._reader.read()
                raise ConnectionEnded
            case Silence() | Interrupt():
                if isinstance(act, Interrupt):
                    await self._say(act.reply)
                self._writer.transport.pause_reading()  # type: ignore[attr-defined] # of a socket, so it can read
                await asyncio.Event().wait()
            case Drip(reply, pause):
                for octet in reply:
                    await asyncio.sleep(pause)
                    self._writer.write(octet.encode())
                return ""
        assert isinstance(act, str)
        return act
