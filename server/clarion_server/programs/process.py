"""One process of the service: the only one of `clarion serve`, or one of several that the supervisor starts."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import signal
import sys
from importlib.metadata import version

import structlog
import uvloop

from clarion_server.adapters.system.logs import set_up_logs
from clarion_server.bootstrap import CannotStart, Clarion, open_store
from clarion_server.config import Settings
from clarion_server.supervisor.ipc import SupervisorPipe
from clarion_server.supervisor.listen_ports import VARIABLES, PortTaken, check_free
from clarion_server.supervisor.log import Log

#: Says how long, in seconds, a thread may hold the interpreter while another one waits. The store's thread runs a few
#: statements for each commit; with Python's 5 ms each of them could wait that long for a busy event loop.
_SWITCH_INTERVAL = 0.0005
#: The garbage collector runs after so many new objects. The objects of a call are in no cycles and are freed without
#: it: with Python's 700, collections that found nothing took a twelfth of the time.
_OBJECTS_PER_COLLECTION = 10_000
#: Every third collection looks at what the two before it have left as well. With Python's every eleventh, objects of
#: calls that were refused and of statements made for one call came to 15 MB. It takes no longer, as each object is
#: looked at as often.
_YOUNG_COLLECTIONS = 2
#: glibc gives each thread a heap of its own, and gRPC has many threads. Two heaps save some MB and are no slower.
_MALLOC_ARENA_MAX = -8
_HEAPS = 2
#: Is the exit code of a command that would fail again.
_FAILED = 2

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def run(settings: Settings, pipe: SupervisorPipe | None = None) -> None:
    """Serves until SIGTERM, SIGINT, or the end of the supervisor. Raises CannotStart."""
    if pipe is None:
        _check_ports(settings)
    set_up_logs(settings.log_level, settings.log_json, None if pipe is None else pipe.slot)
    _limit_heaps()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, pipe))


def _limit_heaps() -> None:
    """Must be called before there are threads. Does nothing with another C library than glibc (mallopt(3))."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MALLOC_ARENA_MAX, _HEAPS)


def _check_ports(settings: Settings) -> None:
    """Checks the ports before gRPC does, which would write lines of its own to standard error. Raises CannotStart."""
    addresses = {"grpc": settings.listen, "http": settings.http_listen, "metrics": settings.metrics_listen}
    try:
        for protocol, variable in VARIABLES.items():
            if addresses[protocol]:
                check_free(protocol, variable, addresses[protocol])
    except PortTaken as error:
        raise CannotStart(str(error)) from error


async def _serve(settings: Settings, pipe: SupervisorPipe | None) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if pipe is not None:
        loop.add_reader(pipe.fileno(), stopping.set)
    clarion = Clarion(settings, open_store(settings.store, settings.vacuum_limit_mb))
    ports = await clarion.start(show_first_key)
    if pipe is not None:
        pipe.report_serving()
    else:
        if ports.metrics is not None:
            _announce("metrics", settings.metrics_listen, ports.metrics)
        if ports.http is not None:
            _announce("http", settings.http_listen, ports.http)
        # Whoever starts the service waits for this line.
        _announce("grpc", settings.listen, ports.grpc)
    log.info("serving", version=version("clarion"), role=settings.role, grpc=ports.grpc, http=ports.http)
    # Later collections skip the objects that exist now, which stay until the end.
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(_OBJECTS_PER_COLLECTION, _YOUNG_COLLECTIONS)
    await stopping.wait()
    if pipe is not None:
        loop.remove_reader(pipe.fileno())
    log.info("stopping")
    await clarion.stop()
    log.info("stopped")


def _announce(protocol: str, listen: str, port: int) -> None:
    host = listen.rpartition(":")[0]
    print(f"serving {protocol} on {host}:{port}", flush=True)  # noqa: T201 - nothing else shows the port if it was 0


def show_first_key(secret: str) -> None:
    print(f"first admin key (shown once, keep it): {secret}", flush=True)  # noqa: T201 - the key is stored nowhere


def main() -> int:
    """Runs with the settings that `clarion serve` has checked and put into the environment. Returns the exit code."""
    pipe = SupervisorPipe.inherited()
    settings = Settings()
    try:
        run(settings, pipe)
    except CannotStart as error:
        if pipe is None:
            Log(settings.log_json).fail(str(error), _FAILED)
        else:
            pipe.report_failure(str(error))
        return _FAILED
    return 0
