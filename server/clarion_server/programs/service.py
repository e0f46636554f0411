"""`python -m clarion_server.programs.service`: what `clarion serve` becomes, and what its supervisor starts."""

from __future__ import annotations

import gc
import signal
import sys

from clarion_server.supervisor.signals import STOP_SIGNALS

#: structlog loads rich, if it is installed, for tracebacks in colours, and rich loads pygments. Nothing in a process of
#: the service prints such tracebacks, and they take 3 MB of each.
_LEFT_OUT = ("rich", "pygments")


def main() -> int:
    # What is loaded stays, and looking for garbage in it took a tenth of a start. The process collects once it serves.
    gc.disable()
    # Python would raise KeyboardInterrupt in whatever is loading, and some libraries swallow what is raised there. So
    # signals end the process at once until the service handles them, which is before it opens the store.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    for name in _LEFT_OUT:
        # Whoever imports it gets an ImportError, as if it was not installed.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type] # see "The module cache" in Python's reference
    from clarion_server.programs.process import main as run  # noqa: PLC0415 - loads structlog

    return run()


if __name__ == "__main__":
    sys.exit(main())
