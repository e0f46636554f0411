"""The command line: a client of the service that also starts one."""

from __future__ import annotations

import sys
from collections.abc import Callable

from clarion_server.transport.cli.app import run


def build(serve: str) -> Callable[[], None]:
    """Returns the function `clarion`, which runs the command that the arguments of this process name, and exits.

    `serve` names the function of the command `serve` as `module:function`. It is loaded when it is called.
    """

    def clarion() -> None:
        sys.exit(run(sys.argv[1:], serve))

    return clarion
