"""The command line: a client of the service that also starts one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from clarion_server.transport.cli.app import run


def build(serve: str, lint: str, test: str, renew_keys: str) -> Callable[[], None]:
    """Returns the function `clarion`, which runs the command that the arguments of this process name, and exits.

    The parameters name the functions of these commands as `module:function`. They are loaded when they are
    called, as they load the whole service.
    """

    def clarion() -> None:
        _open_closed_streams()
        sys.exit(run(sys.argv[1:], serve, lint, test, renew_keys))

    return clarion


def _open_closed_streams() -> None:
    """Makes streams of those that whoever started this process has closed: they are empty, and take what is written.

    Otherwise the next file or connection would have their number.
    """
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - stays open
