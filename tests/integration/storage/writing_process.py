"""A process that writes to a store as it is told to: `python -m tests.integration.storage.writing_process FILE`.

Each line of its input is `now` or `later`, whether the commit waits for the disk, and an id that it stores; without an
id it commits nothing. It answers each with a line.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from clarion_server.adapters.storage.sqlite import open_sqlite_store


def main() -> None:
    with closing(open_sqlite_store(Path(sys.argv[1]))) as store:
        print("open", flush=True)
        for line in sys.stdin:
            when, *ids = line.split()
            with store.begin(durable_later=when == "later") as work:
                for each in ids:
                    work.processes.renew(each, 1)
                work.commit()
            print("committed", flush=True)


if __name__ == "__main__":
    main()
