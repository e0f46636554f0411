"""The command line: a client of the service, and the way to start one."""

from __future__ import annotations

import sys
from collections.abc import Callable

from clarion_server.transport.cli.app import run


def build(serve: str) -> Callable[[], None]:
    """Returns `clarion`, which reads the arguments of this process and ends it.

    `serve` is where its command for running the service is, as `module:function`: it is loaded only when asked for.
    """

    def clarion() -> None:
        sys.exit(run(sys.argv[1:], serve))

    return clarion
