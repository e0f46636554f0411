"""A unit of work makes all of its changes at the commit, or none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from clarion_server.application.ports.queries import CampaignQuery, EventQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.messages.message import MessageState

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_campaign, a_channel, a_sender, committing
from tests.contract.store.samples import NOW


class Interrupted(Exception):
    """Stands for a failure in the middle of a unit of work."""


def change_everything(work: UnitOfWork, sender: Sender) -> None:
    """Makes at least one change of each kind in every repository."""
    _, held, sent = sender.messages(work, 3)
    work.messages.hold([held.id])
    work.messages.begin([sent.id], "process-1", NOW)
    work.messages.record_outcomes([samples.outcome(sent, MessageState.SENT)], "process-1")
    work.events.add_all([samples.event(sent)])
    work.counters.add({samples.counter(sender.campaign.key, 1, Metric.SENT): 1})
    work.keys.add(samples.api_key())
    work.processes.renew("process-1", NOW)
    a_channel(work, "new")
    work.campaigns.delete(a_campaign(work, "gone"), NOW)
    work.campaigns.add_version(samples.version(sender.campaign.key, 2), [sender.channel.key])
    work.campaigns.save(sender.campaign.paused("apiKeys/1", NOW))


def state_of(store: Store, sender: Sender) -> list[object]:
    """Returns everything that a caller can see of the changes of `change_everything`."""
    key = sender.campaign.key
    with store.snapshot() as work:
        return [
            work.campaigns.page(CampaignQuery(samples.VISIBILITY)),
            work.campaigns.versions(key, None, 10),
            work.channels.revisions(),
            work.messages.queued_of_campaign(key, 10),
            work.messages.held_campaigns(),
            work.messages.due(sender.channel.key, NOW, 10),
            work.events.page(EventQuery(samples.VISIBILITY, after=0)),
            work.events.last_sequence(),
            work.counters.of_campaign(key, None),
            work.keys.page(None, None, 10),
            work.processes.live(0),
        ]


@pytest.fixture
def sender(store: Store) -> Sender:
    with committing(store) as work:
        made = a_sender(work)
        made.message(work)
    return made


def test_everything_happens_at_the_commit(store: Store, sender: Sender) -> None:
    before = state_of(store, sender)
    with committing(store) as work:
        change_everything(work, sender)
        assert state_of(store, sender) == before
    assert all(was != now for was, now in zip(before, state_of(store, sender), strict=True))


def test_leaving_without_a_commit_rolls_back(store: Store, sender: Sender) -> None:
    before = state_of(store, sender)
    with store.begin() as work:
        change_everything(work, sender)
    assert state_of(store, sender) == before


def test_an_exception_rolls_back_and_goes_on(store: Store, sender: Sender) -> None:
    def change_and_fail() -> None:
        with store.begin() as work:
            change_everything(work, sender)
            raise Interrupted

    before = state_of(store, sender)
    with pytest.raises(Interrupted):
        change_and_fail()
    assert state_of(store, sender) == before


def test_an_exception_after_the_commit_undoes_nothing(store: Store, sender: Sender) -> None:
    def commit_and_fail() -> None:
        with store.begin() as work:
            change_everything(work, sender)
            work.commit()
            raise Interrupted

    with pytest.raises(Interrupted):
        commit_and_fail()
    with store.snapshot() as work:
        assert work.processes.live(0) == {"process-1"}


def test_what_is_done_after_the_commit_is_not_kept(store: Store) -> None:
    with store.begin() as work:
        work.processes.renew("before", 1)
        work.commit()
        work.processes.renew("after", 1)
    with store.snapshot() as work:
        assert work.processes.live(0) == {"before"}


def test_a_unit_of_work_is_committed_once_at_most(store: Store) -> None:
    with store.begin() as work:
        work.commit()
        with pytest.raises(Exception):  # noqa: B017, PT011 - a caller's mistake, told in each store's own words
            work.commit()


def test_a_unit_of_work_sees_its_own_changes(store: Store, sender: Sender) -> None:
    with store.begin() as work:
        change_everything(work, sender)
        assert work.messages.held_campaigns() == {sender.campaign.key}
        assert work.events.last_sequence() > 0
        assert work.counters.of_campaign(sender.campaign.key, 1) == {(Metric.SENT, ""): 1}
        assert work.campaigns.revision(sender.campaign.key) == 3


def test_the_store_can_be_used_after_a_roll_back(store: Store, sender: Sender) -> None:
    with store.begin() as work:
        change_everything(work, sender)
    before = state_of(store, sender)
    with committing(store) as work:
        change_everything(work, sender)
    assert state_of(store, sender) != before


def test_a_later_unit_of_work_sees_what_was_committed(store: Store, sender: Sender) -> None:
    with committing(store) as work:
        change_everything(work, sender)
    with store.begin() as work:
        assert work.processes.live(0) == {"process-1"}


def test_a_snapshot_sees_one_state_whatever_is_committed_meanwhile(store: Store, sender: Sender) -> None:
    with store.snapshot() as before:
        seen = before.campaigns.get(samples.VISIBILITY, sender.campaign.id)
        with committing(store) as work:
            change_everything(work, sender)
        assert before.campaigns.get(samples.VISIBILITY, sender.campaign.id) == seen
        assert before.messages.held_campaigns() == set()
        assert before.events.last_sequence() == 0
        assert before.counters.of_campaign(sender.campaign.key, None) == {}
        assert before.processes.live(0) == set()


def test_snapshots_of_different_ages_may_be_open_at_once(store: Store) -> None:
    def live(work: UnitOfWork) -> set[str]:
        return work.processes.live(0)

    def start(process: str) -> None:
        with committing(store) as work:
            work.processes.renew(process, 1)

    with store.snapshot() as oldest:
        assert live(oldest) == set()
        start("one")
        with store.snapshot() as older:
            assert live(older) == {"one"}
            start("two")
            with store.snapshot() as newest:
                assert [live(work) for work in (oldest, older, newest)] == [set(), {"one"}, {"one", "two"}]


@pytest.mark.parametrize(
    "change",
    [
        lambda work, _: work.processes.renew("one", 1),
        lambda work, _: work.keys.add(samples.api_key()),
        lambda work, _: a_campaign(work, "new"),
        lambda work, sender: sender.message(work),
        lambda work, sender: work.counters.add({samples.counter(sender.campaign.key, 1): 1}),
    ],
    ids=["lease", "key", "campaign", "message", "figure"],
)
def test_a_snapshot_only_reads(store: Store, sender: Sender, change: Callable[[UnitOfWork, Sender], None]) -> None:
    before = state_of(store, sender)
    # This is a mistake of the caller, so each store may raise its own error.
    with store.snapshot() as work, pytest.raises(Exception):  # noqa: B017, PT011 - see above
        change(work, sender)
    assert state_of(store, sender) == before


def test_any_number_of_snapshots_may_be_open_at_once(store: Store) -> None:
    with ExitStack() as opened:
        snapshots = [opened.enter_context(store.snapshot()) for _ in range(12)]
        assert [work.processes.live(0) for work in snapshots] == [set()] * 12


def test_a_snapshot_does_not_see_what_is_not_committed(store: Store) -> None:
    with store.begin() as work, store.snapshot() as other:
        work.processes.renew("one", 1)
        assert other.processes.live(0) == set()


def test_the_change_mark_differs_after_a_commit(store: Store) -> None:
    marks = [store.commit_version()]
    for number in range(3):
        with committing(store) as work:
            work.processes.renew("one", number)
        marks.append(store.commit_version())
    assert all(mark != other for index, mark in enumerate(marks) for other in marks[:index])


def read(store: Store) -> None:
    with store.snapshot() as work:
        work.processes.live(0)


def roll_back(store: Store) -> None:
    with store.begin() as work:
        work.processes.renew("one", 1)


@pytest.mark.parametrize("act", [read, roll_back], ids=lambda act: act.__name__)
def test_the_change_mark_stays_when_nothing_is_committed(store: Store, act: Callable[[Store], None]) -> None:
    mark = store.commit_version()
    act(store)
    assert store.commit_version() == mark


def test_the_change_mark_stays_until_the_commit(store: Store) -> None:
    mark = store.commit_version()
    with committing(store) as work:
        work.processes.renew("one", 1)
        assert store.commit_version() == mark
    assert store.commit_version() != mark
