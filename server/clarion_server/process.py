"""One process of the service: on its own, or one of several under a supervisor, which starts this module."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import signal
import sys
from typing import TYPE_CHECKING

import uvloop

from clarion_server.adapters.system.logs import set_up_logs
from clarion_server.bootstrap import CannotStart, Clarion, open_store
from clarion_server.config import Settings
from clarion_server.supervisor.ipc import Link
from clarion_server.supervisor.listen_ports import DOORS, PortTaken, refuse_taken

if TYPE_CHECKING:
    from clarion_server.monitoring import Place

#: How long, in seconds, a thread may hold the interpreter while another one waits. The store's thread wakes for a few
#: statements a commit; with Python's 5 ms each of them could wait that long for a busy event loop.
_SWITCH_INTERVAL = 0.0005
#: A collection for so many new objects. What a call makes refers to itself nowhere and is gone with it: at Python's
#: 700, collections that found nothing took a twelfth of the time.
_OBJECTS_PER_COLLECTION = 10_000
#: glibc gives each thread a heap of its own, and gRPC has many threads: two heaps are some MB less, and no slower.
_MALLOC_ARENA_MAX = -8
_HEAPS = 2
#: The exit code of commands that would fail again.
_REFUSED = 2


def run(settings: Settings, link: Link | None = None) -> None:
    """Until SIGTERM, SIGINT, or the end of the supervisor at the other end of the link. Raises CannotStart."""
    if link is None:
        _refuse_taken_ports(settings)
    set_up_logs(settings.log_level, settings.log_json, None if link is None else link.place)
    _share_heaps()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, link))


def _share_heaps() -> None:
    """Before there are threads. Where there is another C library, nothing happens (mallopt(3))."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MALLOC_ARENA_MAX, _HEAPS)


def _refuse_taken_ports(settings: Settings) -> None:
    """Before gRPC finds out, which writes lines of its own about it."""
    addresses = {"grpc": settings.listen, "http": settings.http_listen, "metrics": settings.metrics_listen}
    try:
        for protocol, variable in DOORS.items():
            if addresses[protocol]:
                refuse_taken(protocol, variable, addresses[protocol])
    except PortTaken as error:
        raise CannotStart(str(error)) from error


async def _serve(settings: Settings, link: Link | None) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if link is not None:
        loop.add_reader(link.fileno(), stopping.set)
    clarion = Clarion(settings, open_store(settings.store), _place(settings, link))
    ports = await clarion.start(show_first_key)
    if link is not None:
        link.say_serving()
    else:
        if ports.metrics is not None:
            _show_door("metrics", settings.metrics_listen, ports.metrics)
        if ports.http is not None:
            _show_door("http", settings.http_listen, ports.http)
        # Whoever starts the service waits for this line.
        _show_door("grpc", settings.listen, ports.grpc)
    # What is there now stays: later collections need not walk through it.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    await stopping.wait()
    if link is not None:
        loop.remove_reader(link.fileno())
    await clarion.stop()


def _place(settings: Settings, link: Link | None) -> Place | None:
    if link is None or not settings.metrics_listen:
        return None
    from clarion_server.monitoring import Place  # noqa: PLC0415 - only when asked for

    return Place(link.place, link.folder)


def _show_door(protocol: str, listen: str, port: int) -> None:
    host = listen.rpartition(":")[0]
    print(f"serving {protocol} on {host}:{port}", flush=True)  # noqa: T201 - with port 0, nothing else tells it


def show_first_key(secret: str) -> None:
    print(f"first admin key (shown once, keep it): {secret}", flush=True)  # noqa: T201 - it is kept nowhere


def main() -> int:
    """Under a supervisor. The settings are in the environment, checked."""
    link = Link.inherited()
    try:
        run(Settings(), link)
    except CannotStart as error:
        if link is not None:
            link.say_refused(str(error))
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
