"""`python -m clarion_server.supervisor`: what `clarion serve --processes N` becomes once the store is ready.

The settings are in the environment, checked.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from functools import partial

from clarion_server.supervisor.child import Child
from clarion_server.supervisor.ipc import FOLDER
from clarion_server.supervisor.listen_ports import DOORS, Door, PortTaken, hold
from clarion_server.supervisor.log import Log
from clarion_server.supervisor.supervisor import Hopeless, Supervisor

#: The exit code of commands that would fail again.
_REFUSED = 2


def main() -> int:
    log = Log(as_json=os.environ["CLARION_LOG_JSON"] == "true")
    try:
        doors = [hold(protocol, name, os.environ[name]) for protocol, name in DOORS.items() if os.environ.get(name)]
        folder = tempfile.mkdtemp(prefix="clarion-")
        start = partial(Child, environment={door.variable: door.address for door in doors} | {FOLDER: folder})
        supervisor = Supervisor(
            int(os.environ["CLARION_PROCESSES"]), start, log, float(os.environ["CLARION_SHUTDOWN_SECONDS"])
        )
        try:
            return supervisor.run(partial(_announce, doors))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except (PortTaken, Hopeless) as error:
        log.fail(str(error), _REFUSED)
        return _REFUSED


def _announce(doors: list[Door]) -> None:
    for door in doors:
        print(f"serving {door.protocol} on {door.address}", flush=True)  # noqa: T201 - whoever starts the service waits for it


if __name__ == "__main__":
    sys.exit(main())
