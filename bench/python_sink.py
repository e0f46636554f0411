"""The mail sink for machines without a C compiler: behaves as `sink.c` does, at the cost of Python.

A process of its own; prints its port and stops when its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
import time

import uvloop

_ANSWERS = {
    b"MAIL": b"250 OK\r\n",
    b"RCPT": b"250 OK\r\n",
    b"RSET": b"250 OK\r\n",
    b"NOOP": b"250 OK\r\n",
    b"HELO": b"250 sink\r\n",
    b"EHLO": b"250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 SIZE 33554432\r\n",
    b"QUIT": b"221 Bye\r\n",
    b"DATA": b"354 Go on\r\n",
}


class Sink:
    def __init__(self) -> None:
        self._messages = 0
        self._last_taken = 0
        """Is in µs since 1970."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink ESMTP\r\n")
        verb = b""
        while verb != b"QUIT" and (line := await reader.readline()):
            verb = line[:4].upper().rstrip()
            writer.write(self._answer(verb, line))
            if verb == b"DATA":
                await self._swallow(reader)
                writer.write(b"250 Taken\r\n")
        writer.close()

    def _answer(self, verb: bytes, line: bytes) -> bytes:
        if line.upper().startswith(b"XCOUNT"):
            return b"250 %d %d\r\n" % (self._messages, self._last_taken)
        return _ANSWERS.get(verb, b"500 Unknown command\r\n")

    async def _swallow(self, reader: asyncio.StreamReader) -> None:
        """Reads message text up to the final dot, and counts the message."""
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                return
        self._messages += 1
        self._last_taken = time.time_ns() // 1000


async def main() -> None:
    server = await asyncio.start_server(Sink().serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(main())
