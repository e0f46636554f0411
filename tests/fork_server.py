"""Runs `clarion serve`, other commands and programs in processes that are forked from one that has loaded them already.

Such a start takes a third of the processor time of a new interpreter. The rest is as ever: the environment, standard
output and error, signals and the exit code. The shared service of `tests/service.py` starts an interpreter of its own.
A library that stands before the C library (LD_PRELOAD) is loaded with an interpreter: a fork server of its own has it.
"""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.session_end import at_session_end

ROOT = Path(__file__).resolve().parents[1]
#: Says what a service loads when it starts, some of it only with one store or another, and what commands load.
LOADED = (
    "clarion_server.adapters.queue.jetstream",
    "clarion_server.adapters.storage.postgresql",
    "clarion_server.adapters.storage.sqlite",
    "clarion_server.programs.preparing",
    "clarion_server.programs.serving",
    "clarion_server.programs.linting",
    "clarion_server.programs.testing",
    "clarion_server.transport.cli.apply_run",
    "clarion_server.transport.cli.files.applying",
    "clarion_server.transport.cli.files.resources",
    "clarion_server.transport.cli.session",
    "clarion_server.transport.http.server",
    "tests.integration.storage.writing",
    "tests.integration.storage.writing_process",
)
#: Says what `clarion serve` becomes.
PROCESS = "clarion_server.programs.service"
_EXECVE = os.execve
_LARGEST_READ = 65_536


@dataclass(frozen=True, slots=True)
class Forked:
    """Is a process that was started by fork."""

    pid: int
    output: int
    """Is the end of a pipe from which its standard output is read."""
    end: int
    """Is the end of a pipe from which its exit code is read, in decimals, once it has ended."""

    def finish(self) -> tuple[int, str]:
        """Waits until it has ended. Returns its exit code, and what it has printed since."""
        with os.fdopen(self.output) as output, os.fdopen(self.end) as end:
            printed = output.read()
            return int(end.read()), printed


@cache
def fork_server(library: Path | None = None) -> ForkServer:
    """Returns the one of this process, which ends with it. `library` stands before the C library in what it forks."""
    return ForkServer(library)


class ForkServer:
    def __init__(self, library: Path | None = None) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())],
                cwd=ROOT,
                env=os.environ | ({} if library is None else {"LD_PRELOAD": str(library)}),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        at_session_end.callback(self.close)

    def start(
        self,
        errors: int,
        environment: Mapping[str, str],
        *arguments: str,
        module: str = "clarion_server.__main__",
        folder: Path = ROOT,
        given: int | None = None,
    ) -> Forked:
        """Calls `main` of the module in that folder, with these arguments and that environment. Its standard error is
        `errors`, and its standard input `given`, or nothing.
        """
        output, their_output = os.pipe()
        end, their_end = os.pipe()
        request = json.dumps((module, arguments, dict(environment), str(folder))).encode() + b"\n"
        with Path(os.devnull).open("rb") as nothing:
            files = [nothing.fileno() if given is None else given, their_output, errors, their_end]
            sent = socket.send_fds(self._connection, [request], files)
        self._connection.sendall(request[sent:])
        os.close(their_output)
        os.close(their_end)
        return Forked(int(self._connection.recv(_LARGEST_READ)), output, end)

    def close(self) -> None:
        self._connection.close()
        self._process.wait()


async def reader_of(pipe: int) -> asyncio.StreamReader:
    """Returns a reader of the end of a pipe, which is closed when there is nothing more to read."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb", buffering=0)
    )
    return reader


# In the process that forks.


class _Forks:
    """Forks a process at each request that comes over the connection, and writes its exit code when it has ended.

    `module` is whose `main` a forked process is to call.
    """

    module = ""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        #: Where to write the exit code, by process id.
        self._ends: dict[int, int] = {}
        self._signals, self._signalled = socket.socketpair()
        self._signalled.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._signalled.fileno())
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._selector.register(self._signals, selectors.EVENT_READ)

    def run(self) -> bool:
        """Returns True in each process that was forked, and False in this one when nobody will ask any more."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._signals:
                    self._signals.recv(_LARGEST_READ)
                    self._report_ended()
                elif (request := self._request()) is None:
                    self._end_all()
                    return False
                elif self._fork(*request):
                    return True

    def _request(self) -> tuple[list[Any], list[int]] | None:
        text, pipes, _, _ = socket.recv_fds(self._connection, _LARGEST_READ, 4)
        while text and not text.endswith(b"\n"):
            text += self._connection.recv(_LARGEST_READ)
        return (json.loads(text), pipes) if text else None

    def _fork(self, request: list[Any], pipes: list[int]) -> bool:
        given, output, errors, end = pipes
        pid = os.fork()
        if pid == 0:
            self.module, arguments, environment, folder = request
            self._take_over(given, output, errors, end)
            os.chdir(folder)
            sys.argv = [self.module, *arguments]
            os.environ.clear()
            os.environ.update(environment)
            return True
        for each in (given, output, errors):
            os.close(each)
        self._ends[pid] = end
        self._connection.sendall(str(pid).encode())
        return False

    def _take_over(self, given: int, output: int, errors: int, end: int) -> None:
        """Leaves the signals and files of the process that forks, and takes these as standard ones."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for each in (self._connection, self._signals, self._signalled):
            each.close()
        for number, file in enumerate((given, output, errors)):
            os.dup2(file, number)
        for file in (given, output, errors, end, *self._ends.values()):
            os.close(file)

    def _report_ended(self) -> None:
        for pid in list(self._ends):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                end = self._ends.pop(pid)
                # Whoever started it may be gone.
                with suppress(BrokenPipeError):
                    os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(end)

    def _end_all(self) -> None:
        for pid in self._ends:
            os.kill(pid, signal.SIGKILL)
        for pid in self._ends:
            os.waitpid(pid, 0)


class _Becomes(BaseException):
    """Unwinds a forked process that becomes another program."""

    def __init__(self, module: str) -> None:
        self.module = module


def _become(path: str, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
    """Takes the place of `os.execve` where a process of the service would be loaded anew, which takes long."""
    if command[-1] != PROCESS:
        _EXECVE(path, command, environment)
    os.environ.clear()
    os.environ.update(environment)
    raise _Becomes(command[-1])


def main() -> None:
    for name in LOADED:
        import_module(name)
    forks = _Forks(socket.socket(fileno=int(sys.argv[1])))
    if forks.run():
        os.execve = _become  # type: ignore[assignment]
        try:
            import_module(forks.module).main()
        except _Becomes as program:
            sys.exit(import_module(program.module).main())


if __name__ == "__main__":
    main()
