"""The command line: a client of the service that also starts one."""

from __future__ import annotations

import sys
from collections.abc import Callable

from clarion_server.transport.cli.app import run


def build(serve: str, lint: str, test: str, renew_keys: str) -> Callable[[], None]:
    """Returns the function `clarion`, which runs the command that the arguments of this process name, and exits.

    The parameters name the functions of these commands as `module:function`. They are loaded when they are
    called, as they load the whole service.
    """

    def clarion() -> None:
        sys.exit(run(sys.argv[1:], serve, lint, test, renew_keys))

    return clarion
