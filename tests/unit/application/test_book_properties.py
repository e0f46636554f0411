"""Whatever happens in whichever order, counters and executions say what the messages and events say."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from itertools import count
from typing import Any

import pytest
from clarion_server.application.sending.dispatch import ClaimedMessage, Reservation
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode, InDoubtPolicy
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.errors import ClarionError, Unavailable
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.events.delivery import AttemptOutcome, exclude, expire
from clarion_server.domain.events.event import EVENT_OF_STATE, Event, EventType
from clarion_server.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant
from clarion_server.domain.messages.attempt import Attempt, AttemptResult
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import OUTCOMES, Lane, Message, MessageState
from clarion_server.domain.triggering.execution import CancelOutcome, Execution
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import LATER, NEVER, UNKNOWN, FaultyStore, ScriptedChannel
from tests.memory_store import MemoryStore
from tests.unit.application.desk import SPAN, Desk
from tests.unit.application.running import CALLER, command, counts, events, executions, messages, recipient
from tests.unit.application.suppressing import suppress as suppress_address
from tests.unit.application.world import AUTHOR, EMAIL, World

SOAK = bool(os.environ.get("CLARION_SOAK"))
QUEUED, SENDING, SENT, EXCLUDED = MessageState.QUEUED, MessageState.SENDING, MessageState.SENT, MessageState.EXCLUDED
#: Holds the outcomes after which the next action may be tried.
UNDELIVERED = {MessageState.FAILED, MessageState.EXPIRED, EXCLUDED}
PEOPLE: Sequence[RecipientInput] = (
    recipient("email:ann@example.com"),
    recipient("email:bob@example.com"),
    recipient("email:eve@example.com"),
    # Is Ann again, and so rejected beside her.
    recipient("email:ANN@EXAMPLE.COM"),
    recipient("email:suppressed@clarion.test"),
    recipient("email:zoe@example.com", context={"order": {}}),
)
ENDS = (None, LATER, NEVER, UNKNOWN, UNKNOWN)
#: Those stand several times that lead on: few messages would come to an attempt among as many steps of each kind.
STEPS = st.one_of(
    *[st.tuples(st.just("trigger"), st.lists(st.sampled_from(range(len(PEOPLE))), min_size=1, max_size=4))] * 3,
    st.tuples(st.just("trigger_later"), st.sampled_from([0, HOUR])),
    *[st.tuples(st.just("claim"), st.sampled_from([1, 3]))] * 4,
    *[st.tuples(st.just("attempt"), st.sampled_from(range(len(ENDS))))] * 6,
    *[st.tuples(st.just("record"), st.booleans())] * 3,
    st.tuples(st.just("put_back"), st.sampled_from(["expire", "exclude"])),
    *[st.tuples(st.just("wait"), st.sampled_from([SECOND, 3 * SECOND, MINUTE, 20 * MINUTE, DAY]))] * 2,
    st.tuples(st.just("cancel_execution"), st.integers(0, 3)),
    st.tuples(st.just("cancel_message"), st.integers(0, 9)),
    st.tuples(st.just("suppress"), st.sampled_from(["ann@example.com", "bob@example.com"])),
    st.tuples(st.just("pause_and_resume"), st.none()),
    st.tuples(st.just("crash"), st.booleans()),
    st.tuples(st.just("break_store"), st.booleans()),
)


class CountingDesk(Desk):
    """Counts the capacity that is reserved."""

    reserved = 0

    def reserve(self, channel_key: int, lane: Lane, count: int) -> Reservation | None:
        found = super().reserve(channel_key, lane, count)
        self.reserved += 0 if found is None else count
        return found

    def dispatch(self, messages: Sequence[ClaimedMessage]) -> None:
        super().dispatch(messages)
        self.reserved -= len(messages)

    def release(self, count: int) -> None:
        self.reserved -= count

    def requeue(self, message_ids: Sequence[str], attempt_time: Instant) -> None:
        super().requeue(message_ids, attempt_time)
        self.reserved -= len(message_ids)


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
@settings(max_examples=2_000 if SOAK else 25, deadline=None)
@given(
    mode=st.sampled_from(ActionMode),
    policy=st.sampled_from(InDoubtPolicy),
    steps=st.lists(STEPS, min_size=15, max_size=40),
    disposal=st.sampled_from([None, *QueueDisposal]),
)
def test_counters_and_executions_say_what_messages_and_events_say(
    mode: ActionMode, policy: InDoubtPolicy, steps: list[tuple[str, Any]], disposal: QueueDisposal | None
) -> None:
    asyncio.run(play(mode, policy, steps, disposal))


async def play(
    mode: ActionMode, policy: InDoubtPolicy, steps: Iterable[tuple[str, Any]], disposal: QueueDisposal | None
) -> None:
    store = FaultyStore(MemoryStore())
    with closing(World(store)) as world:
        scene = Scene(world, store)
        await scene.set_up(mode, policy)
        for kind, choice in steps:
            # No two things happen in one instant.
            world.clock.advance(1)
            await getattr(scene, kind)(choice)
            store.failures = store.lost_answers = 0
            scene.check()
        if disposal is not None:
            await scene.stop(disposal)
        await scene.end()
        scene.check()


class Scene:
    """A campaign of three actions, and one process after the other."""

    def __init__(self, world: World, store: FaultyStore) -> None:
        self.world = world
        self.store = store
        self.channel = ScriptedChannel()
        self.numbers = count(1)
        self.unrecorded: list[AttemptOutcome] = []
        self.cancelled: dict[str, set[str]] = {}
        """Holds the messages that each cancelled execution had when it was cancelled."""
        self.answers: dict[str, Execution] = {}

    async def set_up(self, mode: ActionMode, policy: InDoubtPolicy) -> None:
        self.configuration = await self.world.channel(retry_policy=RetryPolicy(window=2 * HOUR))
        actions = tuple(Action(name, "orders", EMAIL, fallback_after=after) for name, after in self.actions(mode))
        await self.world.live(actions=actions, action_mode=mode, in_doubt_policy=policy)
        self.key = (await self.world.stored()).key
        await self.crash(False)

    @staticmethod
    def actions(mode: ActionMode) -> list[tuple[str, int | None]]:
        late = 10 * MINUTE if mode is ActionMode.FIRST_DELIVERABLE else None
        return [("first", late), ("second", late), ("third", None)]

    # What happens.

    async def trigger(self, whom: list[int]) -> None:
        await self._trigger(command(*(PEOPLE[each] for each in whom), request_id=str(whom), allow_partial=True))

    async def trigger_later(self, later: int) -> None:
        now = self.world.clock.now()
        await self._trigger(command(*PEOPLE[:2], send_time=now + later, expire_time=now + later + 30 * MINUTE))

    async def _trigger(self, asked: Any) -> None:
        with suppress(ClarionError):
            answer = await self.desk.triggering.trigger(asked, CALLER)
            if answer.replayed:
                assert answer.execution == self.answers.get(answer.execution.id, answer.execution)
            self.answers[answer.execution.id] = answer.execution

    async def claim(self, limit: int) -> None:
        with suppress(Unavailable):
            await self.desk.claim(limit)

    async def attempt(self, end: int) -> None:
        if self.desk.hands:
            self.channel.end = lambda _: ENDS[end]
            with suppress(Unavailable):
                outcome = await self.desk.attempt(self.channel, self.configuration)
                if outcome is not None:
                    self.unrecorded.append(outcome)

    async def record(self, twice: bool) -> None:
        for _ in range(1 + twice):
            with suppress(Unavailable):
                for outcome in self.unrecorded:
                    await self.desk.record(outcome)
        self.unrecorded.clear()

    async def put_back(self, how: str) -> None:
        if self.desk.hands:
            message, now = self.desk.hands.pop(0).message, self.world.clock.now()
            found = Exclusion(ExclusionReason.SUPPRESSED, ExclusionPhase.HAND_OFF)
            self.unrecorded.append(expire(message, now) if how == "expire" else exclude(message, found, now))

    async def wait(self, span: int) -> None:
        self.world.clock.advance(span)
        with suppress(Unavailable):
            await self.desk.heartbeat.beat()

    async def cancel_execution(self, place: int) -> None:
        found = executions(self.world)
        if place < len(found):
            with suppress(Unavailable):
                cancelling = CancelMessages(self.desk.transactions, self.world.clock)
                cancellation = await cancelling.cancel_execution(found[place].id, CALLER)
                of_it = [each for each in messages(self.world).values() if each.execution_id == found[place].id]
                self.cancelled.setdefault(found[place].id, {each.id for each in of_it})
                states = Counter(each.state for each in of_it)
                assert not states[QUEUED]
                assert cancellation.cancelled_count == states[MessageState.CANCELLED]
                assert cancellation.too_late_count == states.total() - states[EXCLUDED] - cancellation.cancelled_count
                assert (cancellation.outcome is CancelOutcome.CANCELLED) == (not cancellation.too_late_count)

    async def cancel_message(self, place: int) -> None:
        found = sorted(messages(self.world))
        if place < len(found):
            with suppress(Unavailable):
                cancelling = CancelMessages(self.desk.transactions, self.world.clock)
                assert (await cancelling.cancel_message(found[place], CALLER)).state is not QUEUED

    async def suppress(self, address: str) -> None:
        with suppress(ClarionError):
            await suppress_address(self.world, address)

    async def pause_and_resume(self, _: None) -> None:
        await self.world.life_cycle.pause("order-confirmed", "", AUTHOR)
        await self.claim(1)
        await self.world.life_cycle.resume("order-confirmed", "", AUTHOR)

    async def stop(self, disposal: QueueDisposal) -> None:
        _, left = await self.world.life_cycle.stop("order-confirmed", disposal, "", AUTHOR)
        assert left == len(messages(self.world, QUEUED, SENDING))

    async def crash(self, directly: bool) -> None:
        self.unrecorded.clear()
        self.desk = CountingDesk(self.world, f"desk-{next(self.numbers)}")
        self.desk.takes_directly = directly
        await self.desk.heartbeat.beat()

    async def break_store(self, lost: bool) -> None:
        self.store.failures, self.store.lost_answers = int(not lost), int(lost)
        await self._trigger(command(*PEOPLE[:3], request_id="broken"))

    async def end(self) -> None:
        """Everything ends within half a day."""
        await self.record(False)
        for _ in range(12):
            await self.wait(SPAN + HOUR)
            await self.claim(100)
            while self.desk.hands:
                await self.attempt(0)
            await self.record(False)
        assert {each.state for each in messages(self.world).values()} <= OUTCOMES

    # What holds.

    def check(self) -> None:
        assert self.desk.reserved == 0
        found, recorded = messages(self.world), [each for each in events(self.world) if each.message_id is not None]
        of_messages: dict[str, list[Event]] = {id_: [] for id_ in found}
        for event in recorded:
            of_messages[event.message_id or ""].append(event)
        for id_, message in found.items():
            self._check_message(message, of_messages[id_])
        assert counts(self.world, self.key) == dict(expected_counts(found.values(), recorded))
        self._check_report(found.values())
        for execution in executions(self.world):
            self._check_execution(execution, [each for each in found.values() if each.execution_id == execution.id])

    def _check_message(self, message: Message, own: Sequence[Event]) -> None:
        ends = [event for event in own if event.type is not EventType.DEFERRED]
        assert [event.type for event in ends] == ([EVENT_OF_STATE[message.state]] if message.state in OUTCOMES else [])
        assert not ends or ends[0] is own[-1]
        doubts = [e for e in own if isinstance(e.detail, Attempt) and e.detail.result is AttemptResult.IN_DOUBT]
        if doubts:
            assert message.state in {QUEUED, SENDING, SENT, MessageState.IN_DOUBT}
        taken = [each for each in self.channel.taken if each.message_id == message.id]
        if message.state in OUTCOMES - {SENT, MessageState.IN_DOUBT}:
            assert not taken
        if message.state is SENT:
            assert taken

    def _check_report(self, found: Iterable[Message]) -> None:
        with self.world.store.snapshot() as unit:
            latencies = unit.counters.latencies(self.key, None)
            locales = unit.counters.by_locale(self.key, 1)
        states = Counter(message.state for message in found)
        assert sum(latencies.values()) == states[SENT]
        assert sum(number for (_, metric), number in locales.items() if metric is Metric.SENT) == states[SENT]

    def _check_execution(self, execution: Execution, own: list[Message]) -> None:
        assert execution == self.answers.get(execution.id, execution)
        of_recipients: dict[int, list[Message]] = {}
        for message in sorted(own, key=lambda each: each.id):
            of_recipients.setdefault(message.recipient_index, []).append(message)
        for index, result in enumerate(execution.results()):
            mine = of_recipients.get(index, [])
            assert bool(result.violations) == (not mine)
            accepted = [(each.message_id, each.exclusion_reason) for each in result.messages]
            known = {each.id: each for each in mine}
            for id_, reason in accepted:
                at_accept = known[id_].end.exclusion
                assert reason == (
                    None if at_accept is None or at_accept.phase is ExclusionPhase.HAND_OFF else at_accept.reason
                )
            if execution.action_mode is ActionMode.ALL:
                assert len(mine) == 3 * (not result.violations)
            else:
                assert [each.action_index for each in mine] == list(range(len(mine)))
                assert {each.state for each in mine[:-1]} <= UNDELIVERED
        if execution.id in self.cancelled:
            assert {each.id for each in own} == self.cancelled[execution.id]


def expected_counts(found: Iterable[Message], recorded: Iterable[Event]) -> Counter[str]:
    expected: Counter[str] = Counter()
    for message in found:
        expected["TARGETED"] += 1
        exclusion, failure = message.end.exclusion, message.end.failure
        if message.state is EXCLUDED:
            assert exclusion is not None
            expected[f"EXCLUDED:{exclusion.reason}"] += 1
            if exclusion.phase is ExclusionPhase.HAND_OFF:
                expected[f"EXCLUDED_AT_HAND_OFF:{exclusion.reason}"] += 1
        elif message.state is MessageState.FAILED:
            assert failure is not None
            expected[f"FAILED:{failure.reason}"] += 1
        elif message.state in OUTCOMES:
            expected[str(message.state)] += 1
    for event in recorded:
        if isinstance(event.detail, Attempt) and event.detail.number > 1:
            expected["RETRIES"] += 1
    return expected
