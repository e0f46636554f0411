"""What the growth measurement compares must be the same questions to stores that differ in size alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.queries import MessageQuery

from bench import people_growth
from bench.growth import PER_COMMIT, WARM_UP, growth
from tests.contract.store import samples

SIZES = (0, 3_000)
ROUNDS = 4


def test_every_question_is_put_to_a_store_of_every_size_which_stays_behind_filled(tmp_path: Path) -> None:
    files = {size: tmp_path / f"{size}.db" for size in SIZES}

    costs = growth("sqlite", files, ROUNDS)

    assert tuple(costs) == SIZES
    assert list(costs[0]) == list(costs[3_000])
    assert {"accept", "claim", "record_outcomes", "list of a recipient", "watch", "report"} <= costs[0].keys()
    assert all(cost > 0 for each in costs.values() for cost in each.values())
    accepted = 2 * PER_COMMIT * (WARM_UP + ROUNDS)
    for size, file in files.items():
        with closing(open_sqlite_store(file)) as store, store.snapshot() as work:
            assert len(work.messages.page(MessageQuery(samples.VISIBILITY, limit=10_000))) == size + accepted


def test_the_questions_about_people_are_put_to_stores_of_few_and_of_many(tmp_path: Path) -> None:
    files = {size: tmp_path / f"{size}.db" for size in (300, 3_000)}

    costs = people_growth.people_growth("sqlite", files, ROUNDS, warm_up=2)

    assert list(costs[300]) == list(costs[3_000])
    assert {"accept", "claim", "profile of an identity", "suppressions of an address"} <= costs[300].keys()
    assert all(cost > 0 for each in costs.values() for cost in each.values())
    with closing(open_sqlite_store(files[3_000])) as store, store.snapshot() as work:
        assert work.audiences.largest_profile_key() == 3_000
        found = work.messages.page(MessageQuery(samples.VISIBILITY, limit=1))
        assert found[0].profile_key is not None
