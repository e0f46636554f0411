"""A process that writes to a store: `python -m tests.integration.storage.writing_process FILE SECONDS`.

It waits for others that have the file for so many seconds at most, and writes as it is told to. Each line of its input
is `now` or `later`, whether the commit waits for the disk, and an id that it stores; without an id it commits nothing.
With `joined`, somebody else opens the file before a commit that is durable later. It answers each with a line:
`committed`, or why the store does not answer.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from pathlib import Path

from clarion_server.adapters.storage.connections.open_mark import OpenMark
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import StoreUnavailable

COMMITTED = "committed"


def main() -> None:
    file, timeout = Path(sys.argv[1]), float(sys.argv[2])
    with ExitStack() as others, closing(open_sqlite_store(file, timeout)) as store:
        print("open", flush=True)
        for line in sys.stdin:
            when, *ids = line.split()
            try:
                with store.begin(durable_later=when != "now") as work:
                    for each in ids:
                        work.processes.renew(each, 1)
                    if when == "joined":
                        others.enter_context(closing(OpenMark(file.with_name(f"{file.name}-turns"))))
                    work.commit()
            except StoreUnavailable as error:
                print(error, flush=True)
            else:
                print(COMMITTED, flush=True)


if __name__ == "__main__":
    main()
