"""Runs, their members, and the addresses that they have taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clarion_server.application.ports.audience_runs import RunMember
from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.audiences.audience import AudienceMember
from clarion_server.domain.audiences.audience_run import (
    AudienceRun,
    EndReason,
    FailedEvaluations,
    PartResult,
    RunState,
    Selection,
)
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.events.event import run_event
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import Lane
from clarion_server.domain.people.identity import Identity
from clarion_server.domain.people.profile import Profile, ProfileRef

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing

MANY = 1_000
JANE = samples.identity("email", "jane@example.com", "Jane@example.com")
JANES_OTHER = samples.identity("email", "zoe@example.com")
JOE = samples.identity("email", "joe@example.com")
JOES_NUMBER = samples.identity("crm", "4711")
SELECTION = Selection(3, (FailedEvaluations(FailureCause.MISSING_VALUE, 2, ("profiles/1",)),), 2)


def new_run(**changes: Any) -> AudienceRun:
    run = AudienceRun(
        samples.new_id(),
        samples.SANDBOX,
        1,
        "gold",
        100,
        samples.NOW,
        b'{"a":1}',
        locale="de",
        labels={"order": "1"},
    )
    return replace(run, **changes)


def accepting(work: UnitOfWork, *members: AudienceMember, **changes: Any) -> AudienceRun:
    """Returns a run that has these members."""
    run = work.audience_runs.add(new_run(**changes)).begun(samples.NOW)
    work.audience_runs.add_members(run, 0, members)
    return run.selected(Selection(len(members)))


def of_profile(profile: Profile) -> AudienceMember:
    return AudienceMember(ProfileRef(profile.key, profile.id), None)


def of_list(identity: Identity) -> AudienceMember:
    return AudienceMember(None, identity)


def test_a_run_comes_back_as_it_was_added_with_a_key(store: Store) -> None:
    with committing(store) as work:
        added, _ = work.audience_runs.add(new_run()), work.audience_runs.add(new_run())
    assert added.key > 0
    assert replace(added, key=0) == replace(new_run(), execution_id=added.execution_id)
    with store.snapshot() as work:
        assert work.audience_runs.get(added.execution_id) == added
        assert work.audience_runs.of_executions([added.execution_id, "f" * 32]) == {added.execution_id: added}
        assert work.audience_runs.get("f" * 32) is None


def test_everything_that_changes_of_a_run_is_saved(store: Store) -> None:
    with committing(store) as work:
        run = work.audience_runs.add(new_run()).taken("first").begun(samples.NOW).selected(SELECTION)
        part = PartResult(2, 1, {ExclusionReason.NO_CONSENT: 1}, 0)
        saved = run.advanced(part).cancelled(EndReason.CALLER, samples.NOW)
        work.audience_runs.save(saved)
    with committing(store) as work:
        assert work.audience_runs.lock(saved.key) == saved


def test_open_runs_are_listed_by_their_start(work: UnitOfWork) -> None:
    later = work.audience_runs.add(new_run(start_time=samples.NOW + 1))
    sooner = work.audience_runs.add(new_run())
    ended = work.audience_runs.add(new_run())
    work.audience_runs.save(ended.cancelled(EndReason.CALLER, samples.NOW))
    assert work.audience_runs.open(10) == [sooner, later]
    assert work.audience_runs.open(1) == [sooner]


def test_an_audience_is_needed_until_its_members_are_selected(work: UnitOfWork) -> None:
    run = work.audience_runs.add(new_run())
    assert work.audience_runs.first_open(samples.VISIBILITY, "gold") == run
    assert work.audience_runs.first_open(samples.VISIBILITY, "other") is None
    assert work.audience_runs.first_open(samples.STAGING, "gold") is None
    work.audience_runs.save(run.begun(samples.NOW).selected(SELECTION))
    assert work.audience_runs.first_open(samples.VISIBILITY, "gold") is None


def test_members_come_in_their_order_behind_those_decided_about(work: UnitOfWork) -> None:
    stored = [work.profiles.add(samples.profile(samples.identity("email", f"p{index}@a.b"))) for index in range(4)]
    run = accepting(work, *map(of_profile, stored))
    assert [member.ordinal for member in work.audience_runs.members(run, "email", 3)] == [0, 1, 2]
    rest = work.audience_runs.members(replace(run, decided_count=3), "email", 3)
    assert rest == [RunMember(3, stored[3].identities[0])]


def test_a_member_is_named_by_the_first_of_its_identities_in_the_namespace(work: UnitOfWork) -> None:
    profile = work.profiles.add(samples.profile(JOES_NUMBER, JANES_OTHER, JANE))
    run = accepting(work, of_profile(profile))
    assert work.audience_runs.members(run, "email", 1) == [RunMember(0, JANES_OTHER)]
    assert work.audience_runs.members(run, "crm", 1) == [RunMember(0, JOES_NUMBER)]
    assert work.audience_runs.members(run, "phone", 1) == [RunMember(0, None)]


def test_the_listed_identity_is_used_in_its_own_namespace_and_leads_to_its_profile_in_another(work: UnitOfWork) -> None:
    work.profiles.add(samples.profile(JOES_NUMBER, JOE))
    run = accepting(work, of_list(JOES_NUMBER), of_list(JANE))
    assert work.audience_runs.members(run, "crm", 9) == [
        RunMember(0, JOES_NUMBER, is_listed=True),
        RunMember(1, None, is_unknown=True),
    ]
    assert work.audience_runs.members(run, "email", 9) == [
        RunMember(0, JOE),
        RunMember(1, JANE, is_listed=True),
    ]


def test_a_listed_identity_belongs_to_nobody_of_another_sandbox(work: UnitOfWork) -> None:
    work.profiles.add(samples.profile(JOES_NUMBER, JOE, sandbox="staging"))
    run = accepting(work, of_list(JOES_NUMBER))
    assert work.audience_runs.members(run, "email", 9) == [RunMember(0, None, is_unknown=True)]


def test_a_deleted_profile_is_told_and_an_absorbed_one_stands_for_its_survivor(work: UnitOfWork) -> None:
    gone, absorbed = work.profiles.add(samples.profile(JANE)), work.profiles.add(samples.profile(JOE))
    survivor = work.profiles.add(samples.profile(JOES_NUMBER))
    run = accepting(work, of_profile(gone), of_profile(absorbed))
    work.profiles.delete(gone)
    work.profiles.absorb(replace(survivor, identities=(JOES_NUMBER, JOE), revision=2), absorbed)
    assert work.audience_runs.members(run, "email", 9) == [
        RunMember(0, None, is_deleted=True),
        RunMember(1, JOE),
    ]


def test_the_addresses_of_a_run_are_found_by_the_member_who_was_next(store: Store) -> None:
    with committing(store) as work:
        runs = [accepting(work) for _ in range(2)]
        for run in runs:
            for ordinal in (0, 25, 50):
                hashes = f"{run.key}:{ordinal}\0\xff".encode()
                work.audience_runs.add_addresses(replace(run, decided_count=ordinal), hashes)
    with committing(store) as work:
        for run in runs:
            stored = {ordinal: f"{run.key}:{ordinal}\0\xff".encode() for ordinal in (0, 25, 50)}
            assert work.audience_runs.addresses(run, {25, 30, 50}) == {25: stored[25], 50: stored[50]}
            assert work.audience_runs.addresses_from(run, 0, 2) == {0: stored[0], 25: stored[25]}
            assert list(work.audience_runs.addresses_from(run, 1, 9)) == [25, 50]


def test_addresses_that_are_taken_again_by_the_same_members_replace_those_before(work: UnitOfWork) -> None:
    run = accepting(work)
    for hashes in (b"a", b"b"):
        work.audience_runs.add_addresses(run, hashes)
    assert work.audience_runs.addresses_from(run, 0, 9) == {0: b"b"}


def test_members_are_deleted_some_at_a_time(work: UnitOfWork) -> None:
    run, other = accepting(work, *[of_list(JANE)] * 5), accepting(work, of_list(JANE))
    for ordinal in (0, 2):
        work.audience_runs.add_addresses(replace(run, decided_count=ordinal), b"a")
    deleted = [work.audience_runs.delete_members(run, 2) for _ in range(6)]
    assert deleted == [2, 2, 1, 1, 1, 0]
    assert len(work.audience_runs.members(other, "email", 9)) == 1


def test_members_are_purged_after_the_end_of_their_run(store: Store) -> None:
    with committing(store) as work:
        runs = [accepting(work, of_list(JANE), of_list(JOE)) for _ in range(3)]
        work.audience_runs.save(runs[0].cancelled(EndReason.CALLER, samples.NOW - DAY))
        work.audience_runs.save(runs[1].cancelled(EndReason.CALLER, samples.NOW))
    with committing(store) as work:
        steps = [work.audience_runs.purge_members(samples.NOW, MANY) for _ in range(3)]
        assert steps == [2, 1, 0]
        assert [len(work.audience_runs.members(run, "email", 9)) for run in runs] == [0, 2, 2]


def test_the_execution_of_a_run_is_kept_until_its_members_are_purged(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        old = samples.NOW - DAY
        done, going = (sender.execution(work, accept_time=old) for _ in range(2))
        runs = [work.audience_runs.add(new_run(execution_id=each.id)) for each in (done, going)]
        work.audience_runs.save(runs[0].cancelled(EndReason.CALLER, old))
        work.retention.purge_executions(samples.NOW, "", MANY)
        assert work.executions.get(samples.VISIBILITY, done.id) is not None
        work.audience_runs.purge_members(samples.NOW, MANY)
        work.retention.purge_executions(samples.NOW, "", MANY)
        assert work.executions.get(samples.VISIBILITY, done.id) is None
        assert work.audience_runs.get(done.id) is None
        assert work.executions.get(samples.VISIBILITY, going.id) is not None


def test_events_of_a_run_are_found_by_its_execution_and_its_campaign(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        message = sender.message(work)
        run = new_run(campaign_key=sender.campaign.key).begun(samples.NOW)
        work.events.add_all([samples.event(message), run_event(run, samples.NOW)])
    with store.event_snapshot() as work:
        (found,) = work.events.page(EventQuery(samples.VISIBILITY, after=0, execution_id=run.execution_id))
        assert replace(found, sequence=0) == run_event(run, samples.NOW)
        assert len(work.events.page(EventQuery(samples.VISIBILITY, after=0, campaign_key=sender.campaign.key))) == 2
        (other,) = work.events.page(EventQuery(samples.VISIBILITY, after=0, execution_id=message.execution_id))
        assert other.message_id == message.id


def test_messages_that_wait_are_counted_up_to_a_number(work: UnitOfWork) -> None:
    sender = a_sender(work)
    key, now = sender.channel.key, samples.NOW
    sender.messages(work, 3, due_time=now)
    sender.message(work, due_time=now + 1)
    held = sender.message(work, due_time=now)
    work.messages.hold([held.id])
    lane = Lane.TRANSACTIONAL
    assert [work.messages.has_waiting(key, lane, now, count) for count in (1, 3, 4)] == [True, True, False]
    assert not work.messages.has_waiting(key, Lane.MARKETING, now, 1)
    assert not work.messages.has_waiting(key + 1, lane, now, 1)


def test_the_states_of_a_run_say_whether_it_goes_on() -> None:
    assert {state for state in RunState if state.is_open} == {
        RunState.SCHEDULED,
        RunState.SELECTING,
        RunState.ACCEPTING,
    }
