"""`clarion`, and `python -m clarion_server`."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clarion_server.config import Settings

#: How long, in seconds, a thread may hold the interpreter while another one waits. The store's thread wakes for a few
#: statements a commit; with Python's 5 ms each of them could wait that long for a busy event loop.
_SWITCH_INTERVAL = 0.0005


def main() -> None:
    from clarion_server.transport.cli import build  # noqa: PLC0415 - the command line loads what a command needs

    build(serve)()


def serve(settings: Settings) -> None:
    """Runs the service until SIGTERM or SIGINT. Raises CannotStart."""
    import uvloop  # noqa: PLC0415 - see above

    from clarion_server.adapters.system.logs import set_up_logs  # noqa: PLC0415 - see above

    set_up_logs(settings.log_level, settings.log_json)
    sys.setswitchinterval(_SWITCH_INTERVAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from clarion_server.bootstrap import Clarion, open_store  # noqa: PLC0415 - see above

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    clarion = Clarion(settings, open_store(settings.store))
    port = await clarion.start(_show_first_key)
    host = settings.listen.rpartition(":")[0]
    print(f"serving grpc on {host}:{port}", flush=True)  # noqa: T201 - whoever starts the service waits for this line
    # What is there now stays: later collections need not walk through it.
    gc.collect()
    gc.freeze()
    await stopping.wait()
    await clarion.stop()


def _show_first_key(secret: str) -> None:
    print(  # noqa: T201 - shown once, and kept nowhere
        f"first admin key (shown once, keep it): {secret}", flush=True
    )


if __name__ == "__main__":
    main()
