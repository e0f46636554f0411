"""Executions, and the request ids that make a trigger happen once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.queries import ExecutionQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.campaigns.campaign_definition import ActionMode
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.violation import Violation

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing

QUERY = ExecutionQuery(samples.VISIBILITY)


def test_an_execution_comes_back_as_it_was_added(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        added = sender.execution(
            work,
            version=7,
            request_id="r-1",
            send_time=samples.NOW + 1,
            expire_time=samples.NOW + DAY,
            recipient_count=1_000,
        )
    with store.snapshot() as work:
        assert work.executions.get(samples.VISIBILITY, added.id) == added


def test_exclusions_and_rejections_come_back_by_their_positions(store: Store) -> None:
    violations = (
        Violation("recipients[999].context.order.total", "TYPE", "Must be a number, not “12 €”."),
        Violation("recipients[999].identity", "REQUIRED", "Must be given."),
    )
    exclusions = {(0, 0): ExclusionReason.SUPPRESSED, (7, 1): ExclusionReason.SUPPRESSED}
    rejections = {999: violations, 5: violations[:1]}
    with committing(store) as work:
        added = a_sender(work).execution(
            work,
            actions=("email", "hook"),
            action_mode=ActionMode.FIRST_DELIVERABLE,
            exclusions=exclusions,
            rejections=rejections,
        )
    with store.snapshot() as work:
        kept = work.executions.get(samples.VISIBILITY, added.id)
    assert kept is not None
    assert kept == added
    assert kept.rejected_count == 2


def test_an_execution_is_seen_in_the_sandbox_of_its_campaign_alone(work: UnitOfWork) -> None:
    here, there = a_sender(work), a_sender(work, sandbox="staging")
    ours, theirs = here.execution(work), there.execution(work)
    assert work.executions.get(samples.STAGING, ours.id) is None
    assert work.executions.get(samples.STAGING, theirs.id) == theirs
    assert work.executions.page(QUERY) == [ours]
    assert work.executions.page(replace(QUERY, campaign_key=there.campaign.key)) == []


def test_an_unknown_execution_is_none(work: UnitOfWork) -> None:
    assert work.executions.get(samples.VISIBILITY, samples.new_id()) is None
    assert work.executions.by_request_ids([(1, "r-1")]) == {}


def test_executions_are_found_by_campaign_and_request_id(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one"), a_sender(work, "two")
    first = one.execution(work, request_id="r-1")
    second = one.execution(work, request_id="r-2")
    other = two.execution(work, request_id="r-1")
    asked = [(one.campaign.key, "r-1"), (two.campaign.key, "r-1"), (two.campaign.key, "r-2")]
    assert work.executions.by_request_ids(asked) == {asked[0]: first, asked[1]: other}
    assert work.executions.by_request_ids([(one.campaign.key, "r-2")]) == {(one.campaign.key, "r-2"): second}
    assert work.executions.by_request_ids([]) == {}


def test_a_second_execution_under_a_request_id_is_refused(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        first = sender.execution(work, request_id="r-1")
    # This is a mistake of the caller, who had to look first, so each store may raise its own error.
    with store.begin() as work, pytest.raises(Exception):  # noqa: B017, PT011 - see above
        sender.execution(work, request_id="r-1")
    with store.snapshot() as work:
        assert work.executions.page(QUERY) == [first]


def test_request_ids_differ_in_case_and_in_white_space(work: UnitOfWork) -> None:
    sender = a_sender(work)
    kept = {
        request_id: sender.execution(work, request_id=request_id) for request_id in ("r", "R", "r ", "ŕ", "r\u0301")
    }
    asked = {(sender.campaign.key, request_id): execution for request_id, execution in kept.items()}
    assert work.executions.by_request_ids(asked.keys()) == asked


def test_many_request_ids_are_looked_up_at_once(work: UnitOfWork) -> None:
    sender = a_sender(work)
    made = [samples.execution(sender.campaign.key, request_id=f"r-{number}") for number in range(0, 2_000, 2)]
    work.executions.add_all(made)
    found = work.executions.by_request_ids([(sender.campaign.key, f"r-{number}") for number in range(2_000)])
    assert found == {(sender.campaign.key, execution.request_id): execution for execution in made}


def test_nothing_can_be_added(work: UnitOfWork) -> None:
    work.executions.add_all([])
    assert work.executions.page(QUERY) == []


def test_executions_without_a_request_id_do_not_stand_in_each_others_way(work: UnitOfWork) -> None:
    sender = a_sender(work)
    made = [samples.execution(sender.campaign.key) for _ in range(3)]
    work.executions.add_all(made)
    assert len(work.executions.page(QUERY)) == 3


def test_a_released_request_id_may_be_taken_over(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        old, other = sender.execution(work, request_id="r-1"), sender.execution(work, request_id="r-2")
    with committing(store) as work:
        work.executions.release_request_ids([old.id, samples.new_id()])
        successor = sender.execution(work, request_id="r-1")
    with store.snapshot() as work:
        requests = [(sender.campaign.key, "r-1"), (sender.campaign.key, "r-2")]
        assert work.executions.by_request_ids(requests) == {requests[0]: successor, requests[1]: other}
        assert work.executions.get(samples.VISIBILITY, old.id) == replace(old, request_id=None)


def test_executions_are_listed_newest_first_and_in_pages(work: UnitOfWork) -> None:
    sender = a_sender(work)
    made = [sender.execution(work) for _ in range(7)]
    walked: list[Execution] = []
    query = replace(QUERY, limit=3)
    while page := work.executions.page(query):
        walked += page
        query = replace(query, before=page[-1].id)
    assert walked == made[::-1]


def test_executions_of_many_campaigns_are_listed_newest_first(work: UnitOfWork) -> None:
    senders = [a_sender(work, f"c-{number}") for number in range(300)]
    made = [sender.execution(work) for sender in (*senders, *reversed(senders))]
    assert work.executions.page(replace(QUERY, limit=1_000)) == made[::-1]
    assert work.executions.page(replace(QUERY, limit=7)) == made[: -7 - 1 : -1]


def test_executions_are_listed_by_campaign_and_request_id(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one"), a_sender(work, "two")
    first, second, other = (
        one.execution(work, request_id="r-1"),
        one.execution(work, request_id="r-2"),
        two.execution(work, request_id="r-1"),
    )
    of_one = replace(QUERY, campaign_key=one.campaign.key)
    assert work.executions.page(of_one) == [second, first]
    assert work.executions.page(replace(of_one, request_id="r-1")) == [first]
    assert work.executions.page(replace(of_one, request_id="r-3")) == []
    assert work.executions.page(replace(QUERY, request_id="r-1")) == [other, first]


def test_a_request_id_of_several_campaigns_is_listed_in_pages_too(work: UnitOfWork) -> None:
    older, newer = (a_sender(work, each).execution(work, request_id="r-1") for each in ("one", "two"))
    query = replace(QUERY, request_id="r-1", limit=1)
    assert work.executions.page(query) == [newer]
    assert work.executions.page(replace(query, before=newer.id)) == [older]
