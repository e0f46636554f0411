"""The counters behind the reports."""

from __future__ import annotations

from clarion_server.application.ports.queries import CounterKey
from clarion_server.application.ports.store import Store, UnitOfWork

from tests.contract.store.given import a_sender, committing


def test_figures_add_up_over_units_of_work(store: Store) -> None:
    with committing(store) as work:
        campaign = a_sender(work).campaign.key
        work.figures.add({CounterKey(campaign, 1, "targeted"): 3, CounterKey(campaign, 1, "latency:57"): 1})
    with committing(store) as work:
        work.figures.add({CounterKey(campaign, 1, "targeted"): 4, CounterKey(campaign, 1, "failed:THROTTLED"): 1})
    with store.snapshot() as work:
        figures = work.figures.of_campaign(campaign, 1)
        assert figures == {"targeted": 7, "latency:57": 1, "failed:THROTTLED": 1}


def test_figures_add_up_within_a_unit_of_work(work: UnitOfWork) -> None:
    campaign = a_sender(work).campaign.key
    for _ in range(3):
        work.figures.add({CounterKey(campaign, 1, "retries"): 2})
    assert work.figures.of_campaign(campaign, 1) == {"retries": 6}


def test_figures_are_told_of_one_version_or_of_all(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one").campaign.key, a_sender(work, "two").campaign.key
    work.figures.add(
        {
            CounterKey(one, 1, "targeted"): 1,
            CounterKey(one, 2, "targeted"): 20,
            CounterKey(one, 2, "state:SENT"): 5,
            CounterKey(two, 1, "targeted"): 300,
        }
    )
    assert work.figures.of_campaign(one, 1) == {"targeted": 1}
    assert work.figures.of_campaign(one, 2) == {"targeted": 20, "state:SENT": 5}
    assert work.figures.of_campaign(one, None) == {"targeted": 21, "state:SENT": 5}
    assert work.figures.of_campaign(two, None) == {"targeted": 300}


def test_without_figures_there_are_none(work: UnitOfWork) -> None:
    campaign = a_sender(work).campaign.key
    work.figures.add({})
    assert work.figures.of_campaign(campaign, None) == {}
    assert work.figures.of_campaign(campaign, 1) == {}


def test_figures_count_beyond_32_bits(work: UnitOfWork) -> None:
    key = CounterKey(a_sender(work).campaign.key, 1, "targeted")
    work.figures.add({key: 2**40})
    work.figures.add({key: 2**40})
    assert work.figures.of_campaign(key.campaign_key, None) == {"targeted": 2**41}
