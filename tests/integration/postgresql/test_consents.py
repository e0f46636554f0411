"""Choices that several processes write and read at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Barrier

import pytest
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.adapters.system import SystemClock, SystemIds
from clarion_server.application.consent.recording import ConsentRecorder
from clarion_server.application.ports.queue import ClaimRequest
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.claim import ClaimDueMessages, DueClaims
from clarion_server.application.triggering.accept import AcceptItem, read_facts
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope, ConsentSettings, Silence
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource
from clarion_server.domain.messages.message import Lane
from clarion_server.domain.triggering.acceptance import Accepted, decide_all
from clarion_server.domain.triggering.consent_facts import ConsentQuestion
from clarion_server.domain.triggering.exclusion_rules import ExclusionFacts
from clarion_server.domain.triggering.targets import AcceptedRecipient, TargetAction
from clarion_server.domain.triggering.trigger import Trigger, TriggerKind

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_channel, a_sender, committing
from tests.identities import EXCLUSIONS, MEMBERSHIPS

OpenStore = Callable[[], SqlStore]
RECORDER = ConsentRecorder(SystemClock(), SystemIds())
JANE = samples.identity("email", "jane@example.com")
#: Says how long a transaction that must wait is given to go on although it must not.
MOMENT = 0.5
DENIAL = ConsentChange(ConsentScope(), ConsentChoice.DENIED, 0, ConsentSource.PREFERENCE_PAGE)


def deny(store: SqlStore, scope: ConsentScope = ConsentScope()) -> None:  # noqa: B008 - the scope never changes
    change = ConsentChange(scope, ConsentChoice.DENIED, 0, ConsentSource.PREFERENCE_PAGE)
    with committing(store) as work:
        RECORDER.record(work, samples.VISIBILITY, JANE, [change])


def ask(work: UnitOfWork) -> ExclusionFacts:
    work.consents.lock_shared({samples.SANDBOX})
    question = ConsentQuestion(samples.SANDBOX, None, {"email:jane@example.com": JANE.key})
    return EXCLUSIONS.read(work, {}, {}, [question], ())


def is_denied(facts: ExclusionFacts) -> bool:
    holder = facts.consents.holders.get(samples.SANDBOX, {}).get("email:jane@example.com")
    return holder is not None and bool(holder.choices)


@pytest.mark.parametrize("is_known", [False, True])
def test_a_denial_is_committed_before_a_hand_off_that_finds_it_or_after_it(
    open_store: OpenStore, is_known: bool
) -> None:
    one, other = open_store(), open_store()
    if is_known:
        with committing(one) as work:
            work.profiles.add(samples.profile(JANE))
    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            assert not is_denied(ask(work))
            denial: Future[None] = threads.submit(deny, other)
            # The messages that this transaction hands over were checked, so the denial waits for it.
            assert not wait([denial], MOMENT).done
        denial.result(120)
    with one.begin() as work:
        assert is_denied(ask(work))


def test_a_hand_off_waits_for_a_denial_that_is_about_to_be_committed(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()

    def read() -> bool:
        with other.begin() as work:
            return is_denied(ask(work))

    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            RECORDER.record(work, samples.VISIBILITY, JANE, [DENIAL])
            found = threads.submit(read)
            assert not wait([found], MOMENT).done
        assert found.result(120)


def test_hand_offs_of_several_processes_do_not_wait_for_each_other(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    with one.begin() as first, other.begin() as second:
        assert is_denied(ask(first)) == is_denied(ask(second)) is False


def test_two_topics_that_a_stranger_denies_at_once_are_both_denied_by_one_profile(open_store: OpenStore) -> None:
    stores, barrier = [open_store(), open_store()], Barrier(2)
    scopes = [ConsentScope(topic=topic) for topic in ("news", "offers")]

    def deny_at_once(store: SqlStore, scope: ConsentScope) -> None:
        barrier.wait(120)
        deny(store, scope)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(deny_at_once, stores, scopes))
    with stores[0].snapshot() as work:
        (profile,) = work.profiles.page(samples.VISIBILITY, None, 10)
        assert set(work.consents.of_profile(profile.key)) == set(scopes)
        assert len(work.consents.history(profile.key, None, 10)) == 2


def claim(work: UnitOfWork, sender: Sender) -> None:
    claims = DueClaims([ClaimRequest(sender.channel.key, Lane.MARKETING, 9)], "one", samples.NOW)
    ((claimed,),) = ClaimDueMessages(EXCLUSIONS).apply(work, [claims])
    assert [str(message.identity) for message in claimed.messages] == [str(JANE)]


def accept(work: UnitOfWork, sender: Sender) -> None:
    recipient = AcceptedRecipient(0, str(JANE), [JANE.value], "en", b"{}", b"{}", {}, JANE.key.value)
    action = samples.message(sender.campaign.key, sender.channel.key, lane=Lane.MARKETING).action
    execution, revision = samples.execution(sender.campaign.key), sender.campaign.revision
    targets = [TargetAction(action)]
    kind = TriggerKind(samples.SANDBOX, sender.campaign.key, revision, targets, Lane.MARKETING, None, None)
    trigger = Trigger(execution, kind, [recipient], samples.NOW, [None])
    triggers, facts = read_facts(work, [AcceptItem(trigger, (), [None])], EXCLUSIONS, MEMBERSHIPS)
    (decision,) = decide_all(triggers, facts)
    assert isinstance(decision, Accepted)
    assert not decision.execution.exclusions


@pytest.mark.parametrize("decide", [claim, accept])
def test_a_denial_waits_for_the_commit_of_what_was_decided_without_it(
    open_store: OpenStore, decide: Callable[[UnitOfWork, Sender], None]
) -> None:
    one, other = open_store(), open_store()
    with committing(one) as work:
        work.consents.save_settings(ConsentSettings(samples.SANDBOX).updated(Silence.SEND_UNLESS_DENIED, 1))
        sender = a_sender(work, channel=a_channel(work, disabled=False))
        sender.message(work, identity=str(JANE), address=JANE.value, lane=Lane.MARKETING)
    with ThreadPoolExecutor(1) as threads:
        with committing(one) as work:
            decide(work, sender)
            denial: Future[None] = threads.submit(deny, other)
            assert not wait([denial], MOMENT).done
        denial.result(120)
