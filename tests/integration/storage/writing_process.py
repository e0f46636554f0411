"""A process that writes to a store as it is told to: `python -m tests.integration.storage.writing_process FILE`.

Each line of its input is `now` or `later`, whether the commit waits for the disk, and an id that it stores; without an
id it commits nothing. With `joined`, somebody else opens the file before a commit that is durable later. It answers
each with a line.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from pathlib import Path

from clarion_server.adapters.storage.connections.open_mark import OpenMark
from clarion_server.adapters.storage.sqlite import open_sqlite_store


def main() -> None:
    file = Path(sys.argv[1])
    with ExitStack() as others, closing(open_sqlite_store(file)) as store:
        print("open", flush=True)
        for line in sys.stdin:
            when, *ids = line.split()
            with store.begin(durable_later=when != "now") as work:
                for each in ids:
                    work.processes.renew(each, 1)
                if when == "joined":
                    others.enter_context(closing(OpenMark(file.with_name(f"{file.name}-turns"))))
                work.commit()
            print("committed", flush=True)


if __name__ == "__main__":
    main()
