"""What is purged leaves room that is used again: a file that is filled and purged does not grow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.ports.queries import MessageQuery
from clarion_server.application.ports.retention import Swept
from clarion_server.domain.instant import DAY
from clarion_server.domain.message import MessageState

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender

MESSAGES = 3_000
CYCLES = 6


def fill(store: SqlStore, sender: Sender) -> None:
    """With messages that ended, one of each execution."""
    with store.begin() as work:
        made = [
            samples.message(sender.campaign.key, sender.channel.key, state=MessageState.SENT, outcome_time=samples.NOW)
            for _ in range(MESSAGES)
        ]
        work.executions.add_all([samples.execution(sender.campaign.key, id=each.execution_id) for each in made])
        work.messages.add_all([replace(each, identity=f"email:{each.id[::-1]}@example.com") for each in made])
        work.events.add_all([samples.event(each) for each in made])
        work.commit()


def purge(store: SqlStore) -> None:
    before = samples.NOW + DAY
    for name, start in (("purge_events", 0), ("purge_messages", 0), ("purge_executions", "")):
        position: int | str = start
        while True:
            with store.begin() as work:
                swept: Swept[int] = getattr(work.retention, name)(before, position, 500)
                work.commit()
            position = swept.position
            if not swept.count:
                break


def test_a_file_that_is_filled_and_purged_again_and_again_does_not_grow(store: SqlStore, path: Path) -> None:
    with store.begin() as work:
        sender = a_sender(work)
        work.commit()
    sizes = []
    for _ in range(CYCLES):
        fill(store, sender)
        sizes.append(path.stat().st_size)
        purge(store)
    with store.snapshot() as work:
        assert work.messages.page(MessageQuery("default")) == []
    print("bytes after each filling:", sizes)
    # The log is copied to the file now and then, so the first sizes are too small.
    assert sizes[-1] <= 1.05 * max(sizes[1:3])
