"""`python -m clarion_server.service`: what `clarion serve` becomes, and what its supervisor starts."""

from __future__ import annotations

import sys

#: structlog loads rich, if it is installed, for tracebacks in colours, and rich loads pygments. Nothing in a process of
#: the service prints such tracebacks, and they take 3 MB of each.
_LEFT_OUT = ("rich", "pygments")
#: Is the exit code of a command that Ctrl-C ended.
_INTERRUPTED = 130


def main() -> int:
    for name in _LEFT_OUT:
        # Whoever imports it gets an ImportError, as if it was not installed.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type] # see "The module cache" in Python's reference
    try:
        from clarion_server.process import main as run  # noqa: PLC0415 - loads structlog

        return run()
    except KeyboardInterrupt:
        # It came before the service handles signals.
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
