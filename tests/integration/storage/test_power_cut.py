"""A machine without power loses this: commits that are durable later, from one of them on, and nothing else."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from clarion_server.adapters.storage.sqlite import open_sqlite_store

from tests.integration.storage import writing_process
from tests.power_cut import CAN_CUT, PoweredDatabase

pytestmark = pytest.mark.skipif(not CAN_CUT, reason="needs Linux and a C compiler")


class Writer:
    """Is a process that writes to the file, until the power is cut or it ends."""

    def __init__(self, powered: PoweredDatabase, file: Path, timeout: float) -> None:
        self._powered = powered
        given, giving = os.pipe()
        self._process = powered.fork_server.start(
            sys.stderr.fileno(),
            powered.environment,
            str(file),
            str(timeout),
            module=writing_process.__name__,
            given=given,
        )
        os.close(given)
        self._orders = os.fdopen(giving, "w", buffering=1)
        self._answers = os.fdopen(self._process.output)
        self._answer()

    def commit(self, when: str, each: str = "") -> int:
        """Returns how often the log was synced for that."""
        before = self._powered.sync_count()
        assert self.ordered(when, each) == writing_process.COMMITTED
        return self._powered.sync_count() - before

    def ordered(self, when: str, each: str = "") -> str:
        """Returns what the process answers."""
        self._orders.write(f"{when} {each}\n")
        return self._answer()

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._orders.close()
        self._answers.close()
        with os.fdopen(self._process.end) as end:
            end.read()

    def _answer(self) -> str:
        answer = self._answers.readline()
        assert answer, "it has ended"
        return answer.rstrip()


@pytest.fixture
def powered(tmp_path: Path) -> PoweredDatabase:
    database, folder = tmp_path / "clarion.db", tmp_path / "power"
    folder.mkdir()
    open_sqlite_store(database).close()
    return PoweredDatabase(database, folder)


@contextmanager
def writer(powered: PoweredDatabase, file: Path | None = None, timeout: float = 30.0) -> Iterator[Writer]:
    made = Writer(powered, file or powered.database, timeout)
    try:
        yield made
    finally:
        made.kill()


def stored(powered: PoweredDatabase) -> set[str]:
    with closing(open_sqlite_store(powered.database)) as store, store.snapshot() as work:
        return work.processes.live(0)


def test_a_commit_that_is_durable_later_syncs_nothing_and_the_next_one_syncs_both(powered: PoweredDatabase) -> None:
    with writer(powered) as process:
        # The first one makes the log.
        process.commit("now", "a")
        assert [process.commit("later", each) for each in "bcd"] == [0, 0, 0]
        assert powered.unsynced_count() > 0
        assert process.commit("now", "e") == 1
        assert powered.unsynced_count() == 0
        assert [process.commit(when, "fgh"[place]) for place, when in enumerate(("later", "now", "now"))] == [0, 1, 1]


def test_a_commit_of_no_changes_makes_durable_what_was_before_it(powered: PoweredDatabase) -> None:
    with writer(powered) as process:
        process.commit("now", "a")
        assert process.commit("now") == 0
        process.commit("later", "b")
        assert process.commit("later") == 0
        assert process.commit("now") == 1
        assert process.commit("now") == 0


def test_a_file_that_is_named_by_a_link_is_synced_as_if_it_was_named_itself(
    powered: PoweredDatabase, tmp_path: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(powered.database)
    with writer(powered, link) as process:
        process.commit("now", "a")
        process.commit("later", "b")
        assert process.commit("now") == 1
        with writer(powered) as other:
            other.commit("now", "c")
            assert process.commit("later", "d") == 1


def test_a_commit_that_is_durable_later_is_synced_at_once_while_another_process_has_the_file_open(
    powered: PoweredDatabase,
) -> None:
    with writer(powered) as one:
        one.commit("now", "a")
        with writer(powered) as other:
            other.commit("now", "b")
            assert [one.commit("later", each) for each in "cd"] == [1, 1]
            assert powered.unsynced_count() == 0
        assert one.commit("later", "e") == 0


def test_a_commit_during_which_another_opens_the_file_is_synced_at_its_end(powered: PoweredDatabase) -> None:
    with writer(powered) as process:
        process.commit("now", "a")
        assert process.commit("joined", "b") == 1
        assert powered.unsynced_count() == 0


def test_what_waited_for_the_disk_survives_a_power_cut_with_all_before_it(powered: PoweredDatabase) -> None:
    with writer(powered) as process:
        for when, each in (("later", "a"), ("now", "b"), ("later", "c"), ("later", "d")):
            process.commit(when, each)
    powered.cut()
    assert stored(powered) == {"a", "b"}


def test_what_a_killed_process_has_left_is_on_the_disk_before_the_next_one_tells_of_it(
    powered: PoweredDatabase,
) -> None:
    with writer(powered) as process:
        process.commit("now", "a")
        process.commit("later", "b")
    with writer(powered) as process:
        process.commit("now")
    powered.cut()
    assert stored(powered) == {"a", "b"}


@pytest.mark.parametrize("failing", ["c", ""])
def test_what_is_committed_after_a_sync_that_failed_survives_though_the_disk_lost_what_was_before_it(
    powered: PoweredDatabase, failing: str
) -> None:
    with writer(powered) as process:
        process.commit("now", "a")
        process.commit("later", "b")
        powered.fail_next_sync()
        assert "SQLite" in process.ordered("now", failing)
        process.commit("now", "d")
    powered.cut()
    assert stored(powered) == {"a", "b", "d"}


def test_nothing_is_committed_behind_a_sync_that_failed_while_others_read_the_log(powered: PoweredDatabase) -> None:
    with writer(powered, timeout=0.1) as process:
        process.commit("now", "a")
        process.commit("later", "b")
        with closing(open_sqlite_store(powered.database)) as reading, reading.snapshot() as work:
            assert work.processes.live(0) == {"a", "b"}
            powered.fail_next_sync()
            assert "I/O error" in process.ordered("now", "c")
            assert "while others read it" in process.ordered("now", "c")
        process.commit("now", "d")
    powered.cut()
    assert stored(powered) == {"a", "b", "d"}


def test_a_killed_process_loses_nothing(powered: PoweredDatabase) -> None:
    with writer(powered) as process:
        for each in "abc":
            process.commit("later", each)
    assert stored(powered) == {"a", "b", "c"}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_of_the_writes_survives_a_power_cut_the_first_commits_are_there_and_no_other(
    powered: PoweredDatabase, seed: int
) -> None:
    chance, ids, durable = random.Random(seed), list[str](), 0
    for _ in range(2):
        with writer(powered) as process:
            # Some of them make SQLite move pages from the log into the file.
            for _ in range(chance.randint(1, 40)):
                ids.append(f"{len(ids):06}" + "x" * chance.choice((1, 250_000)))
                when = chance.choice(("now", "later", "later", "later"))
                process.commit(when, ids[-1])
                if when == "now":
                    durable = len(ids)
        powered.cut(lambda: chance.random() < 0.5)
        found = sorted(stored(powered))
        assert found == ids[: len(found)]
        assert len(found) >= durable
        ids, durable = found, len(found)
