"""Takes request ids as triggers do, and prints how many it took. `test_several_processes` runs it as a process.

`python -m tests.integration.storage.writing FILE_OR_URL CAMPAIGN_KEY REQUESTS`
"""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from uuid import uuid4

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import Store, WriteConflict
from clarion_server.domain.counter import Metric

from tests.contract.store import samples


def take(store: Store, campaign_key: int, request_id: str) -> bool:
    """Returns whether this process was the first to use the request id. Counts every try."""
    with store.begin() as work:
        taken = bool(work.executions.by_request_ids([(campaign_key, request_id)]))
        if not taken:
            work.executions.add_all([samples.execution(campaign_key, id=uuid4().hex, request_id=request_id)])
        work.counters.add({samples.counter(campaign_key, 1, Metric.RETRIES): 1})
        work.commit()
    return not taken


def take_anew(store: Store, campaign_key: int, request_id: str) -> bool:
    while True:
        with suppress(WriteConflict):
            return take(store, campaign_key, request_id)


def main(file_or_url: str, campaign_key: str, requests: str) -> None:
    opened = (open_postgresql_store if "://" in file_or_url else open_sqlite_store)(file_or_url)
    with closing(opened) as store:
        taken = [take_anew(store, int(campaign_key), f"order-{number}") for number in range(int(requests))]
    print(sum(taken))


if __name__ == "__main__":
    main(*sys.argv[1:])
