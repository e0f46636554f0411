"""Tests the life of messages, whatever callers, authors, providers and crashes do to them, in whatever order."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.domain.addresses.magic import simulated_outcome
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.errors import CampaignNotLive
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.events.event import Event, EventType
from clarion_server.domain.instant import HOUR, MINUTE, SECOND
from clarion_server.domain.messages.attempt import Attempt, AttemptResult
from clarion_server.domain.messages.message import OUTCOMES, Message, MessageState
from clarion_server.domain.sending_policies.frequency_cap import LONGEST, FrequencyCap
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.cap_entries import counted
from tests.fakes import LATER, NEVER, UNKNOWN, End, ScriptedChannel
from tests.unit.application.desk import SPAN, Claim, Desk, claim_of
from tests.unit.application.running import CALLER, command, counts, events, messages, recipient
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import AUTHOR, World

SOAK = bool(os.environ.get("CLARION_SOAK"))
RESEND, PARK = "resend", "park"
TWO_DESKS = st.integers(0, 1)
CAMPAIGNS = st.sampled_from([RESEND, PARK])

#: Caps count no message that has ended so.
GIVING_BACK = {MessageState.CANCELLED, MessageState.EXPIRED, MessageState.EXCLUDED, MessageState.FAILED}


def in_doubt_of(of_message: list[Event]) -> list[Attempt]:
    """Returns the attempts of a message that ended in doubt."""
    attempts = [event.detail for event in of_message if isinstance(event.detail, Attempt)]
    return [attempt for attempt in attempts if attempt.result is AttemptResult.IN_DOUBT]


T = TypeVar("T")


class MessageLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.channel = ScriptedChannel()
        self.numbers = itertools.count(1)
        self.desks: list[Desk] = []
        self.unrecorded: list[tuple[Desk, AttemptOutcome]] = []
        self.ended: dict[str, Message] = {}
        #: Holds the claims that a process had in its hands when the address was suppressed, by address.
        self.claimed_before: dict[str, set[Claim]] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def set_up(self) -> None:
        self.configuration = self.run(self.world.channel(retry_policy=RetryPolicy(HOUR, 5 * SECOND, MINUTE)))
        # It holds for everybody once, and each recipient gets one message: it counts all, and keeps none back.
        cap = FrequencyCap(1, sliding=LONGEST, categories=(Category.TRANSACTIONAL,))
        self.run(Policies(self.world).make(quiet_hours=(), caps=(cap,)))
        self.run(self.world.live(RESEND))
        self.run(self.world.live(PARK, in_doubt_policy=InDoubtPolicy.PARK))
        self.desks = [self.new_desk(), self.new_desk()]

    def new_desk(self) -> Desk:
        desk = Desk(self.world, f"desk-{next(self.numbers)}")
        self.run(desk.heartbeat.beat())
        return desk

    # Callers.

    @rule(
        place=TWO_DESKS,
        campaign_id=CAMPAIGNS,
        count=st.integers(1, 4),
        suppressed=st.booleans(),
        directly=st.booleans(),
        later=st.sampled_from([0, 0, MINUTE]),
        expires=st.sampled_from([None, None, 3 * SECOND, 2 * MINUTE]),
    )
    def trigger(
        self,
        place: int,
        campaign_id: str,
        count: int,
        suppressed: bool,
        directly: bool,
        later: int,
        expires: int | None,
    ) -> None:
        desk, now = self.desks[place], self.world.clock.now()
        desk.takes_directly = directly
        to = [recipient(f"email:{next(self.numbers)}@example.com") for _ in range(count)]
        to += [recipient("email:suppressed@clarion.test")] if suppressed else []
        request = command(
            *to,
            campaign_id=campaign_id,
            send_time=now + later,
            expire_time=None if expires is None else now + later + expires,
        )
        try:
            self.run(desk.triggering.trigger(request, CALLER))
        except CampaignNotLive:
            assert self.state_of(campaign_id) is not CampaignState.LIVE

    @rule(data=st.data())
    def cancel_an_execution(self, data: st.DataObject) -> None:
        if chosen := self.any_message(data):
            cancelling = CancelMessages(self.world.transactions, self.world.clock)
            cancellation = self.run(cancelling.cancel_execution(chosen.execution_id, CALLER))
            states = Counter(m.state for m in self.messages().values() if m.execution_id == chosen.execution_id)
            assert cancellation.cancelled_count == states[MessageState.CANCELLED]
            assert states[MessageState.QUEUED] == 0

    @rule(data=st.data())
    def suppress_an_address(self, data: st.DataObject) -> None:
        chosen = self.any_message(data)
        if chosen and simulated_outcome(chosen.address) is None and chosen.address not in self.claimed_before:
            suppressions = ManageSuppressions(self.world.transactions, self.world.clock, SystemIds())
            self.run(suppressions.create(CreateSuppression(chosen.address, "address"), AUTHOR))
            in_hand = (claimed.message for desk in self.desks for claimed in desk.hands)
            self.claimed_before[chosen.address] = set(map(claim_of, in_hand))

    @rule(data=st.data())
    def cancel_a_message(self, data: st.DataObject) -> None:
        if chosen := self.any_message(data):
            cancelling = CancelMessages(self.world.transactions, self.world.clock)
            after = self.run(cancelling.cancel_message(chosen.id, CALLER))
            in_time = chosen.state in {MessageState.QUEUED, MessageState.CANCELLED}
            assert (after.state is MessageState.CANCELLED) == (in_time and not self.doubts_of(chosen.id))

    # Processes.

    @rule(place=TWO_DESKS, limit=st.integers(1, 5))
    def claim(self, place: int, limit: int) -> None:
        if self.desks[place].lease.is_held():
            self.run(self.desks[place].claim(limit))

    @rule(place=TWO_DESKS, end=st.sampled_from([None, None, LATER, NEVER, UNKNOWN]), record=st.booleans())
    def attempt(self, place: int, end: End, record: bool) -> None:
        desk = self.desks[place]
        if not desk.hands:
            return
        self.channel.end = lambda _: end
        outcome = self.attempted(desk)
        if outcome is not None and record:
            self.run(desk.record(outcome))
        elif outcome is not None:
            self.unrecorded.append((desk, outcome))

    def attempted(self, desk: Desk) -> AttemptOutcome | None:
        """Attempts the oldest message. A suppressed one is handed off only if it was claimed a moment before."""
        message, begun = desk.hands[0].message, len(self.channel.begun)
        outcome = self.run(desk.attempt(self.channel, self.configuration))
        if len(self.channel.begun) > begun and message.address in self.claimed_before:
            assert claim_of(message) in self.claimed_before[message.address]
            assert self.world.clock.now() - (message.attempts.last_time or 0) <= 2 * SECOND
        return outcome

    @rule()
    def record_what_is_late(self) -> None:
        for desk, outcome in self.unrecorded:
            self.run(desk.record(outcome))
        self.unrecorded.clear()

    @rule(place=TWO_DESKS)
    def keep(self, place: int) -> None:
        self.run(self.desks[place].heartbeat.beat())

    @rule(place=TWO_DESKS)
    def crash(self, place: int) -> None:
        self.desks[place] = self.new_desk()
        alive = set(self.desks)
        self.unrecorded = [(desk, outcome) for desk, outcome in self.unrecorded if desk in alive]

    @rule(span=st.sampled_from([SECOND, 5 * SECOND, SPAN, 2 * MINUTE, 2 * HOUR]))
    def time_passes(self, span: int) -> None:
        self.world.clock.advance(span)

    # Authors.

    @rule(campaign_id=CAMPAIGNS)
    def pause_or_resume(self, campaign_id: str) -> None:
        state = self.state_of(campaign_id)
        if state is CampaignState.LIVE:
            self.run(self.world.life_cycle.pause(campaign_id, "", AUTHOR))
        elif state is CampaignState.PAUSED:
            self.run(self.world.life_cycle.resume(campaign_id, "", AUTHOR))

    @rule(campaign_id=CAMPAIGNS, disposal=st.sampled_from(QueueDisposal), sure=st.integers(0, 3))
    def stop(self, campaign_id: str, disposal: QueueDisposal, sure: int) -> None:
        if not sure and self.state_of(campaign_id) in {CampaignState.LIVE, CampaignState.PAUSED}:
            self.run(self.world.life_cycle.stop(campaign_id, disposal, "", AUTHOR))

    # What always holds.

    @invariant()
    def the_books_are_right(self) -> None:
        for key in (1, 2):
            mine = [message for message in self.messages().values() if message.action.campaign_key == key]
            states = Counter(message.state for message in mine)
            counted = counts(self.world, key) if mine else {}
            assert counted.get("TARGETED", 0) == len(mine)
            for state in OUTCOMES:
                of_state = [count for name, count in counted.items() if name.partition(":")[0] == state]
                assert sum(of_state) == states[state]

    @invariant()
    def an_outcome_never_moves(self) -> None:
        ended = {id_: message for id_, message in self.messages().items() if message.state in OUTCOMES}
        assert {id_: ended[id_] for id_ in self.ended} == self.ended
        self.ended = ended

    @invariant()
    def events_agree_with_states(self) -> None:
        of_message = self.events()
        for id_, message in self.messages().items():
            recorded = of_message.get(id_, [])
            ends = [event.type.name for event in recorded if event.type is not EventType.DEFERRED]
            assert ends == ([message.state.name] if message.state in OUTCOMES else [])
            numbers = [event.detail.number for event in recorded if isinstance(event.detail, Attempt)]
            assert numbers == list(range(1, len(numbers) + 1))
            assert message.attempts.count == len(numbers) + (message.state is MessageState.SENDING)

    @invariant()
    def only_what_is_being_sent_has_an_owner(self) -> None:
        for message in self.messages().values():
            assert (message.attempts.owner is not None) == (message.state is MessageState.SENDING)

    @invariant()
    def caps_count_what_waits_and_what_may_have_been_sent(self) -> None:
        real = [each for each in self.messages().values() if simulated_outcome(each.address) is None]
        assert [each.id for each in real if each.cap_person is None] == []
        expected = {each.id for each in real if each.state not in GIVING_BACK}
        assert {message_id for times in counted(self.world.store).values() for message_id in times} == expected

    @invariant()
    def what_was_taken_twice_was_in_doubt(self) -> None:
        taken, of_message = Counter(email.message_id for email in self.channel.taken), self.events()
        for id_, message in self.messages().items():
            in_doubt = in_doubt_of(of_message.get(id_, []))
            assert taken[id_] <= len(in_doubt) + 1
            if message.state is MessageState.SENT:
                assert taken[id_] >= 1
            if message.state in GIVING_BACK:
                # Each of these states says that it was not sent.
                assert not taken[id_]
                assert not in_doubt

    def teardown(self) -> None:
        try:
            if self.desks:
                self.let_everything_end()
                self.check_the_end()
        finally:
            self.loop.close()
            self.world.close()

    def let_everything_end(self) -> None:
        """Every process vanishes, campaigns are let go, and a new process does what is left."""
        for campaign_id in (RESEND, PARK):
            if self.state_of(campaign_id) is CampaignState.PAUSED:
                self.run(self.world.life_cycle.resume(campaign_id, "", AUTHOR))
        self.channel.end = lambda _: None
        last = self.new_desk()
        for _ in range(100):
            self.world.clock.advance(2 * MINUTE)
            self.run(last.heartbeat.beat())
            self.run(last.claim(1_000))
            while last.hands:
                outcome = self.attempted(last)
                assert outcome is not None
                self.run(last.record(outcome))
            if all(message.state in OUTCOMES for message in self.messages().values()):
                return

    def check_the_end(self) -> None:
        assert {message.state for message in self.messages().values()} <= OUTCOMES
        self.the_books_are_right()
        self.an_outcome_never_moves()
        self.events_agree_with_states()
        self.what_was_taken_twice_was_in_doubt()
        self.caps_count_what_waits_and_what_may_have_been_sent()

    # Looking.

    def messages(self) -> dict[str, Message]:
        return messages(self.world)

    def doubts_of(self, id_: str) -> list[Attempt]:
        return in_doubt_of(self.events().get(id_, []))

    def events(self) -> dict[str, list[Event]]:
        of_message: dict[str, list[Event]] = {}
        for event in events(self.world):
            of_message.setdefault(event.message_id or "", []).append(event)
        return of_message

    def any_message(self, data: st.DataObject) -> Message | None:
        all_messages = sorted(self.messages().values(), key=lambda message: message.id)
        return data.draw(st.sampled_from(all_messages)) if all_messages else None

    def state_of(self, campaign_id: str) -> CampaignState:
        return self.run(self.world.stored(campaign_id)).state


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
def test_every_message_reaches_exactly_one_outcome_whatever_happens() -> None:
    run_state_machine_as_test(
        MessageLife,
        settings=settings(max_examples=1_000 if SOAK else 20, stateful_step_count=40, deadline=None),
    )


def test_the_machine_reaches_every_outcome() -> None:
    """Or else it would prove little."""
    machine = MessageLife()
    machine.set_up()
    for end in (None, NEVER, UNKNOWN):
        machine.trigger(0, PARK, 1, True, True, 0, None)
        machine.attempt(0, end, True)
    machine.trigger(0, RESEND, 1, False, False, 0, 3 * SECOND)
    machine.time_passes(5 * SECOND)
    machine.claim(0, 5)
    machine.trigger(0, RESEND, 1, False, False, 0, None)
    machine.run(machine.world.life_cycle.stop(RESEND, QueueDisposal.CANCEL, "", AUTHOR))
    machine.claim(0, 5)
    assert {message.state for message in machine.messages().values()} == OUTCOMES
    machine.teardown()
