"""The command line: a client of the service, and the way to start one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from clarion_server.transport.cli.app import run

if TYPE_CHECKING:
    from clarion_server.transport.cli.serving import Serve


def build(serve: Serve) -> Callable[[], None]:
    """Returns `clarion`, which reads the arguments of this process and ends it. `serve` runs the service until it is
    told to stop; it may raise CannotStart.
    """

    def clarion() -> None:
        sys.exit(run(sys.argv[1:], serve))

    return clarion
