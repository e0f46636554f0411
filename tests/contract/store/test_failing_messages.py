"""Messages that wait after several attempts, on every store."""

from __future__ import annotations

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.events.campaign_health import FAILING_ATTEMPTS, FailingMessage
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, Failure, FailureReason
from clarion_server.domain.messages.message import MessageState

from tests.contract.store import samples
from tests.contract.store.given import a_sender
from tests.contract.store.samples import NOW


def test_queued_messages_with_several_attempts_are_found_by_campaign_and_channel(work: UnitOfWork) -> None:
    failing, fine = a_sender(work, "failing"), a_sender(work, "fine")
    found = failing.message(work, state=MessageState.QUEUED, attempt_count=FAILING_ATTEMPTS)
    failing.message(work, state=MessageState.SENT, attempt_count=9)
    fine.message(work, state=MessageState.QUEUED, attempt_count=FAILING_ATTEMPTS - 1)
    keys = [failing.campaign.key, fine.campaign.key]
    assert work.messages.failing(keys) == {
        (failing.campaign.key, failing.channel.key): FailingMessage(FAILING_ATTEMPTS, found.due_time)
    }


def test_the_failure_of_the_last_attempt_is_read_as_long_as_its_event_is_there(work: UnitOfWork) -> None:
    sender = a_sender(work)
    found = sender.message(work, state=MessageState.QUEUED, attempt_count=FAILING_ATTEMPTS)
    throttled, refused = Failure(FailureReason.THROTTLED, "421 4.7.0"), Failure(FailureReason.TLS_FAILED)
    for number, failure in enumerate([refused, throttled, refused, throttled], 1):
        attempt = Attempt(number, NOW, NOW, AttemptResult.DEFERRED, failure)
        work.events.add_all([samples.event(found, MessageState.QUEUED, detail=attempt)])
    failing = FailingMessage(FAILING_ATTEMPTS, found.due_time, throttled)
    assert work.messages.failing([sender.campaign.key]) == {(sender.campaign.key, sender.channel.key): failing}
    assert work.messages.failing_channels([sender.channel.key]) == {sender.channel.key: failing}


def test_only_the_hundred_longest_waiting_messages_are_looked_at(work: UnitOfWork) -> None:
    sender = a_sender(work)
    sender.messages(work, 100, state=MessageState.QUEUED, attempt_count=0)
    sender.message(work, state=MessageState.QUEUED, attempt_count=FAILING_ATTEMPTS)
    assert work.messages.failing([sender.campaign.key]) == {}


def test_the_channel_configurations_of_live_versions_are_read_at_once(work: UnitOfWork) -> None:
    one, other = a_sender(work, "one"), a_sender(work, "other")
    assert work.campaigns.live_channel_keys([one.campaign.key, other.campaign.key]) == {
        one.campaign.key: [one.channel.key] * len(work.campaigns.channel_keys(one.campaign.key, 1)),
        other.campaign.key: [other.channel.key] * len(work.campaigns.channel_keys(other.campaign.key, 1)),
    }


def test_messages_that_fail_are_found_by_their_channel_configuration(work: UnitOfWork) -> None:
    failing, fine = a_sender(work, "failing"), a_sender(work, "fine")
    found = failing.message(work, state=MessageState.QUEUED, attempt_count=FAILING_ATTEMPTS)
    fine.message(work, state=MessageState.QUEUED, attempt_count=FAILING_ATTEMPTS - 1)
    fine.message(work, state=MessageState.SENT, attempt_count=9)
    assert work.messages.failing_channels([failing.channel.key, fine.channel.key]) == {
        failing.channel.key: FailingMessage(FAILING_ATTEMPTS, found.due_time)
    }
