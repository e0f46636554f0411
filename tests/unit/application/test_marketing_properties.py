"""Whatever happens meanwhile, marketing leaves by day and to nobody who has left, and both checks decide alike."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import datetime
from zoneinfo import ZoneInfo

from clarion_server.application.consent.consents import Person
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.application.sending.hand_off_checks import check_hand_off
from clarion_server.domain.category import Category
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.instant import DAY, HOUR, SECOND, to_datetime
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.sending_policies.frequency_cap import FrequencyCap
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import LATER, ScriptedChannel
from tests.identities import EXCLUSIONS
from tests.unit.application.consenting import ALL, Consents, a
from tests.unit.application.desk import Claim, Desk, claim_of
from tests.unit.application.running import CALLER, command, messages, recipient
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import World

#: Holds the clocks of the people, by their identities. The last one has no profile until a choice is stored, and the
#: policy's clock.
ZONES = {
    "email:ann@example.com": "Europe/Berlin",
    "email:bob@example.com": "America/Los_Angeles",
    "email:eve@example.com": "",
}
POLICY_ZONE = "Europe/Berlin"
PEOPLE = st.sampled_from(sorted(ZONES))
STEPS = st.one_of(
    st.tuples(st.just("trigger"), PEOPLE, st.sampled_from([0, 0, HOUR, 9 * HOUR])),
    st.tuples(st.just("deny"), PEOPLE, st.just(0)),
    st.tuples(st.just("grant"), PEOPLE, st.just(0)),
    st.tuples(st.just("wait"), st.just(""), st.sampled_from([SECOND, 3 * SECOND, HOUR, 7 * HOUR])),
    st.tuples(st.just("claim"), st.just(""), st.just(0)),
    st.tuples(st.just("attempt"), st.just(""), st.integers(0, 1)),
    st.tuples(st.just("crash"), st.just(""), st.just(0)),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_marketing_leaves_by_day_and_to_nobody_who_has_left_before_the_hand_off(
    steps: list[tuple[str, str, int]],
) -> None:
    asyncio.run(play(steps))


async def play(steps: list[tuple[str, str, int]]) -> None:
    with closing(World()) as world:
        scene = Scene(world)
        await scene.set_up()
        for kind, whom, number in steps:
            # No two things happen in one instant.
            world.clock.advance(1)
            await getattr(scene, kind)(whom, number)
        await scene.end()


class Scene:
    """People, a policy that is closed by night and lets two messages through in six hours, and one process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.channel = ScriptedChannel()
        self.claimed_before: dict[str, set[Claim]] = {}
        """Holds for everybody who has left what the process had in its hands at that moment."""

    async def set_up(self) -> None:
        self.configuration = await self.world.channel(retry_policy=RetryPolicy(window=3 * DAY))
        await self.world.send_unless_denied()
        await self.world.live(category=Category.MARKETING)
        await Policies(self.world).make(time_zone=POLICY_ZONE, caps=(FrequencyCap(2, sliding=6 * HOUR),))
        for identity, zone in ZONES.items():
            if zone:
                await self.world.profiles.create(CreateProfile(ProfileFields((identity,), {}, "", zone)), CALLER)
        self.consents = Consents(self.world)
        self.numbers = iter(range(1_000))
        await self.crash("", 0)

    async def trigger(self, identity: str, later: int) -> None:
        before = messages(self.world).keys()
        send_time = self.world.clock.now() + later if later else None
        await self.desk.triggering.trigger(command(recipient(identity), send_time=send_time), CALLER)
        (new,) = [message for id_, message in messages(self.world).items() if id_ not in before]
        await self.check_alike(new)

    async def check_alike(self, message: Message) -> None:
        """Checks that a hand-off at the time for which it was accepted would be decided as the acceptance was."""
        verdict = await self.world.transactions.write(
            lambda unit: check_hand_off(unit, [message], message.release_time, EXCLUSIONS, with_caps=True)
        )
        found, accepted = verdict.exclusions.get(message.id), message.end.exclusion
        assert (found and (found.reason, found.cause)) == (accepted and (accepted.reason, accepted.cause))
        assert not verdict.openings

    async def deny(self, identity: str, _: int) -> None:
        await self.consents.change(a(ALL, ConsentChoice.DENIED), person=Person(identity=identity))
        in_hand = {claim_of(claimed.message) for claimed in self.desk.hands}
        self.claimed_before[identity] = in_hand & self.claimed_before.get(identity, in_hand)

    async def grant(self, identity: str, _: int) -> None:
        await self.consents.change(a(ALL, ConsentChoice.GRANTED), person=Person(identity=identity))
        self.claimed_before.pop(identity, None)

    async def wait(self, _: str, span: int) -> None:
        self.world.clock.advance(span)
        await self.desk.heartbeat.beat()

    async def claim(self, _: str, _number: int) -> None:
        await self.desk.claim(3, Lane.MARKETING)

    async def attempt(self, _: str, ends: int) -> None:
        """Hands the oldest message off, which fails for a while now and then."""
        if not self.desk.hands:
            return
        message, begun = self.desk.hands[0].message, len(self.channel.begun)
        self.channel.end = lambda _: LATER if ends else None
        outcome = await self.desk.attempt(self.channel, self.configuration)
        if len(self.channel.begun) > begun:
            self.check_left(message)
        if outcome is not None:
            await self.desk.record(outcome)

    def check_left(self, message: Message) -> None:
        now = self.world.clock.now()
        assert 8 <= local(now, ZONES[message.identity] or POLICY_ZONE).hour < 22
        if message.identity in self.claimed_before:
            assert claim_of(message) in self.claimed_before[message.identity]
            assert now - (message.attempts.last_time or 0) <= 2 * SECOND

    async def crash(self, _: str, _number: int) -> None:
        self.desk = Desk(self.world, f"desk-{next(self.numbers)}")
        await self.desk.heartbeat.beat()

    async def end(self) -> None:
        """Everything that may leave leaves on one of the next days."""
        for _ in range(8 * 4):
            await self.wait("", 6 * HOUR)
            await self.claim("", 0)
            while self.desk.hands:
                await self.attempt("", 0)
        assert not messages(self.world, MessageState.QUEUED)


def local(instant: int, zone: str) -> datetime:
    return to_datetime(instant).astimezone(ZoneInfo(zone))
