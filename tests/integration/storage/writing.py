"""Opens a store in processes of their own, which take request ids as triggers do."""

from __future__ import annotations

import os
import sys
from contextlib import closing, suppress
from tempfile import TemporaryFile
from uuid import uuid4

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import Store, WriteConflict
from clarion_server.domain.events.counter import Metric

from tests.contract.store import samples
from tests.fork_server import fork_server


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


def taken_at_once(processes: int, file_or_url: str, campaign_key: int = 0, requests: int = 0) -> list[int]:
    """Runs so many processes at once, in each of which all requests are tried. Returns how many each of them took."""
    with TemporaryFile("w+") as errors:
        started = [
            fork_server().start(
                errors.fileno(), os.environ, file_or_url, str(campaign_key), str(requests), module=__name__
            )
            for _ in range(processes)
        ]
        finished = [process.finish() for process in started]
        errors.seek(0)
        assert (errors.read(), {code for code, _ in finished}) == ("", {0})
    return [int(printed) for _, printed in finished]


def main() -> None:
    """Prints how many requests this process took. It is started by `taken_at_once`."""
    file_or_url, campaign_key, requests = sys.argv[1:]
    opened = (open_postgresql_store if "://" in file_or_url else open_sqlite_store)(file_or_url)
    with closing(opened) as store:
        taken = [take_anew(store, int(campaign_key), f"order-{number}") for number in range(int(requests))]
    print(sum(taken))
