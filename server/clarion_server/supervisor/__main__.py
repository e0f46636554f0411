"""`python -m clarion_server.supervisor`: `clarion serve --processes N` becomes this program once the store is ready.

The settings are in the environment and have been checked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from clarion_server.supervisor.child import Child
from clarion_server.supervisor.listen_ports import ListenPort, PortTaken, hold_all
from clarion_server.supervisor.log import Log
from clarion_server.supervisor.supervisor import Supervisor, SupervisorFailed

#: Is the exit code of a command that would fail again.
_FAILED = 2


def main() -> int:
    log = Log(as_json=os.environ["CLARION_LOG_JSON"] == "true")
    count = int(os.environ["CLARION_PROCESSES"])
    try:
        ports = hold_all(os.environ, count)

        def start(slot: int) -> Child:
            addresses = {port.variable: port.address for port in ports if port.slot in {None, slot}}
            return Child(slot, addresses)

        return Supervisor(count, start, log, float(os.environ["CLARION_SHUTDOWN_SECONDS"])).run(
            lambda: _announce(ports)
        )
    except (PortTaken, SupervisorFailed) as error:
        log.fail(str(error), _FAILED)
        return _FAILED


def _announce(ports: Sequence[ListenPort]) -> None:
    for port in ports:
        print(f"serving {port.protocol} on {port.address}", flush=True)  # noqa: T201 - whoever starts the service waits for it


if __name__ == "__main__":
    sys.exit(main())
