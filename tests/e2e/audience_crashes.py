"""Runs of an audience whose service is killed at random moments, and the check of what each member got."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from clarion_client import (
    AsyncClient,
    Audience,
    AudienceRunState,
    ExclusionReason,
    Execution,
    Message,
    MessageState,
    Profile,
    UnavailableError,
)

from tests.campaigns import CONTEXT, campaign, channel
from tests.waiting import until

CAMPAIGN, AUDIENCE = "offers", "gold"
#: Members with an address of their own, those who share one of these, and those without an identity of the namespace.
OWN, SHARING, WITHOUT = 1_200, 40, 20
MEMBERS = OWN + SHARING + WITHOUT
_OPEN = frozenset({AudienceRunState.SCHEDULED, AudienceRunState.SELECTING, AudienceRunState.ACCEPTING})


async def set_up(client: AsyncClient) -> None:
    """Makes a live campaign whose messages wait, an audience, and people of whom some are no members."""
    configuration = await client.channels.create(channel(CAMPAIGN, 9))
    await client.campaigns.create(campaign(CAMPAIGN, CAMPAIGN))
    await client.campaigns.activate(CAMPAIGN)
    await client.channels.update(replace(configuration, disabled=True), ["disabled"])
    await client.audiences.create(Audience(name=AUDIENCE, display_name="Gold", condition="profile.locale == 'de'"))
    people = [Profile(identities=[f"email:p{number}@example.com"], locale="de") for number in range(OWN)]
    people += [
        Profile(
            identities=[f"email:s{number}@example.com"], locale="de", attributes={"email": f"p{number}@example.com"}
        )
        for number in range(SHARING)
    ]
    people += [Profile(identities=[f"crm:{number}"], locale="de") for number in range(WITHOUT)]
    people += [Profile(identities=[f"email:x{number}@example.com"], locale="fr") for number in range(200)]
    # A thousand people a call take seconds on a busy machine.
    await client.profiles.import_all(people, timeout=120)


@dataclass
class Runs:
    """One run after the other, each triggered when the one before has ended."""

    client: AsyncClient
    chance: random.Random
    ended: list[Execution] = field(default_factory=list)
    killed_in: Counter[str] = field(default_factory=Counter)
    """Says how often the service was killed in each state of the run."""

    async def kill_once(self, kill: Callable[[], Awaitable[None]]) -> None:
        """Kills when the run has come a random step further, or has begun."""
        execution = await self._current()
        wanted = self._decided(execution) + self.chance.randint(0, MEMBERS // 3)
        if self.chance.random() < 0.3:
            wanted = 0

        async def has_come_there() -> bool:
            seen = await self._seen(execution)
            return self._decided(seen) >= wanted or not _is_open(seen)

        await until(has_come_there)
        seen = await self._seen(execution)
        assert seen.audience_run is not None
        self.killed_in[seen.audience_run.state.value] += 1
        await kill()

    async def finish(self) -> None:
        """Returns when the last run has ended."""
        execution = await self._current()

        async def has_ended() -> bool:
            return not _is_open(await self._seen(execution))

        await until(has_ended)
        self.ended.append(await self._seen(execution))

    async def _current(self) -> Execution:
        """Returns the run that goes on, or a new one."""
        number = len(self.ended)
        execution = await self._triggered(f"run-{number}")
        if _is_open(execution):
            return execution
        self.ended.append(execution)
        await check(self.client, execution)
        return await self._triggered(f"run-{number + 1}")

    async def _triggered(self, request_id: str) -> Execution:
        """Triggers under an id that always gives the same run, however often the service was killed."""
        answer = await self.client.trigger_audience(
            CAMPAIGN, AUDIENCE, max_recipients=MEMBERS, context=CONTEXT, request_id=request_id
        )
        return answer.execution

    async def _seen(self, execution: Execution) -> Execution:
        """Returns the execution from a list, which is cheaper than with the counts of its messages."""
        try:
            (seen,) = [
                each async for each in self.client.executions.list(campaign=CAMPAIGN, request_id=execution.request_id)
            ]
        except UnavailableError:
            return execution
        return seen

    def _decided(self, execution: Execution) -> int:
        run = execution.audience_run
        assert run is not None
        return run.accepted_count + sum(run.excluded_counts.values()) + run.deleted_count


async def check(client: AsyncClient, execution: Execution) -> None:
    """Checks that each member has one message or one exclusion, and makes room for the next run."""
    run = execution.audience_run
    assert run is not None
    assert run.state is AudienceRunState.DONE, run
    assert (run.selected_count, run.accepted_count) == (MEMBERS, OWN)
    assert run.excluded_counts == {
        ExclusionReason.DUPLICATE_ADDRESS: SHARING,
        ExclusionReason.NO_IDENTITY: WITHOUT,
    }
    found = [message async for message in _messages(client, execution)]
    identities = [message.identity for message in found]
    assert sorted(identities) == sorted(
        [f"email:p{number}@example.com" for number in range(OWN)]
        + [f"email:s{number}@example.com" for number in range(SHARING)]
    )
    addresses = Counter(message.address for message in found if message.state is not MessageState.EXCLUDED)
    assert set(addresses.values()) == {1}
    await client.executions.cancel(execution.name)


async def _messages(client: AsyncClient, execution: Execution) -> AsyncIterator[Message]:
    async for message in client.messages.list(execution=execution.name, page_size=1_000):
        yield message


def _is_open(execution: Execution) -> bool:
    assert execution.audience_run is not None
    return execution.audience_run.state in _OPEN
