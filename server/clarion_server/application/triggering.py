"""The main use case: one call becomes an execution and its messages, durable before it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clarion_server.application.admission import (
    Admission,
    Admitted,
    TriggerCommand,
    admit,
    call_violations,
    fingerprint,
)
from clarion_server.application.directory import CampaignDirectory, LiveCampaign
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.intake import Accepted, IntakeItem, IntakeResult, Remembered, accept
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.content import Personalisation, RenderingFailed
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import (
    CampaignNotLive,
    CampaignOutsideWindow,
    InvalidFields,
    RequestIdReused,
    Unavailable,
)
from clarion_server.domain.execution import IDEMPOTENCY_WINDOW, Execution
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Message, MessageState, message_id
from clarion_server.domain.violation import Violation

#: How often a trigger is admitted anew when its campaign changes under it, before the caller is asked to repeat it.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class TriggerAnswer:
    execution: Execution
    replayed: bool = False
    validated_only: bool = False


@dataclass(frozen=True, slots=True)
class HandOff:
    """A message that this process has claimed, with its data at hand."""

    message: Message
    personalisation: Personalisation | None = None
    """None: still to be read from the message."""


class Outlets(Protocol):
    """The ways out of this process, one for each channel configuration."""

    def reserve(self, channel_key: int, count: int) -> str | None:
        """Takes places for messages that are about to be written; the owner to write them under.

        None when there is no room: they are then written as queued, and claimed in their turn.
        """
        ...

    def hand_off(self, channel_key: int, messages: Sequence[HandOff]) -> None:
        """Sends messages that are durable, in places that were reserved for them."""
        ...

    def give_up(self, channel_key: int, count: int) -> None:
        """Lets reserved places go."""
        ...

    def disown(self, channel_key: int, message_ids: Sequence[str]) -> None:
        """Lets reserved places go whose messages may have been written or not: if they were, they are given back."""
        ...

    def wake(self, channel_key: int, due_time: Instant) -> None:
        """Messages were queued for the channel, due at that time."""
        ...


class Triggering:
    def __init__(
        self,
        transactions: Transactions,
        directory: CampaignDirectory,
        commits: GroupCommit,
        outlets: Outlets,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._transactions = transactions
        self._directory = directory
        self._commits = commits
        self._outlets = outlets
        self._clock = clock
        self._ids = ids

    async def trigger(self, command: TriggerCommand, caller: Caller) -> TriggerAnswer:
        """Raises InvalidFields, ResourceNotFound, CampaignNotLive, CampaignOutsideWindow, RequestIdReused, Overloaded,
        Unavailable.
        """
        now = self._clock.now()
        self._commits.check_room(len(command.recipients))
        try:
            return await self._accept(command, caller, now)
        except (InvalidFields, CampaignNotLive, CampaignOutsideWindow):
            # What was once accepted is answered the same again, whatever has become of the campaign since.
            earlier = await self._earlier(command, caller, now)
            if earlier is None:
                raise
            return TriggerAnswer(earlier, replayed=True)

    async def _accept(self, command: TriggerCommand, caller: Caller, now: Instant) -> TriggerAnswer:
        flaws = call_violations(command, now)
        for _ in range(_ATTEMPTS):
            live = await self._directory.live(caller.sandbox, command.campaign_id)
            live.check_accepts(now)
            admission = admit(command.recipients, live)
            _check(admission, flaws, command.allow_partial)
            execution = self._execution(command, live, admission, caller, now)
            if command.validate_only:
                _check_renders(admission, live)
                return TriggerAnswer(execution, validated_only=True)
            answer = await self._write(execution, admission, live, now)
            if answer is not None:
                return answer
        raise Unavailable

    async def _earlier(self, command: TriggerCommand, caller: Caller, now: Instant) -> Execution | None:
        """The execution that the very same request became before."""
        if not command.request_id or command.validate_only:
            return None
        found = await self._transactions.read(lambda unit: find_request(unit, caller.sandbox, command))
        if found is None or found.accept_time + IDEMPOTENCY_WINDOW <= now:
            return None
        return found if found.fingerprint == fingerprint(command) else None

    def _execution(
        self, command: TriggerCommand, live: LiveCampaign, admission: Admission, caller: Caller, now: Instant
    ) -> Execution:
        return Execution(
            id=self._ids.new_id(),
            campaign_key=live.campaign.key,
            version=live.campaign.live_version,
            request_id=command.request_id or None,
            fingerprint=fingerprint(command) if command.request_id else b"",
            caller=caller.name,
            accept_time=now,
            send_time=command.send_time,
            expire_time=command.expire_time,
            recipient_count=len(command.recipients),
            exceptions=admission.exceptions,
        )

    async def _write(
        self, execution: Execution, admission: Admission, live: LiveCampaign, now: Instant
    ) -> TriggerAnswer | None:
        """None when the campaign changed meanwhile."""
        release = max(now, execution.send_time or now)
        sendable = sum(admitted.exclusion is None for _, admitted in admission.admitted)
        owner = self._outlets.reserve(live.channel_key, sendable) if release == now and sendable else None
        messages = [
            _message(execution, live, place, admitted, release, owner) for place, admitted in admission.admitted
        ]
        item = IntakeItem(execution, messages, live.campaign.revision)
        committed = self._commits.submit(accept, item, 1 + len(messages))
        # Sending begins with the commit, not with the answer: a caller that goes away takes nothing back.
        if owner is None:
            committed.add_done_callback(lambda _: self._outlets.wake(live.channel_key, release))
        else:
            hand_offs = [
                HandOff(message, admitted.personalisation)
                for message, (_, admitted) in zip(messages, admission.admitted, strict=True)
                if message.state is MessageState.SENDING
            ]
            committed.add_done_callback(lambda done: self._send(done, live.channel_key, hand_offs))
        return self._answer(await asyncio.shield(committed), execution, live)

    def _send(self, committed: asyncio.Future[IntakeResult], channel_key: int, hand_offs: Sequence[HandOff]) -> None:
        if committed.exception() is not None:
            self._outlets.disown(channel_key, [each.message.id for each in hand_offs])
        elif isinstance(committed.result(), Accepted):
            self._outlets.hand_off(channel_key, hand_offs)
        else:
            self._outlets.give_up(channel_key, len(hand_offs))

    def _answer(self, result: IntakeResult, execution: Execution, live: LiveCampaign) -> TriggerAnswer | None:
        match result:
            case Accepted():
                return TriggerAnswer(execution)
            case Remembered(earlier) if earlier.fingerprint == execution.fingerprint:
                return TriggerAnswer(earlier, replayed=True)
            case Remembered(earlier):
                raise RequestIdReused(live.campaign.name, execution.request_id or "", earlier.name)
            case _:
                self._directory.forget(live.campaign)
                return None


def find_request(unit: UnitOfWork, sandbox: str, command: TriggerCommand) -> Execution | None:
    campaign = unit.campaigns.get(sandbox, command.campaign_id)
    if campaign is None:
        return None
    key = (campaign.key, command.request_id)
    return unit.executions.by_request_ids([key]).get(key)


def _check(admission: Admission, flaws: Sequence[Violation], allow_partial: bool) -> None:
    violations = [*flaws, *admission.violations]
    if violations and (flaws or not allow_partial or not admission.admitted):
        raise InvalidFields(tuple(violations))


def _check_renders(admission: Admission, live: LiveCampaign) -> None:
    found = []
    for place, admitted in admission.admitted:
        try:
            live.version.content.render(admitted.personalisation)
        except RenderingFailed as error:
            found.append(Violation(f"recipients[{place}]", "RENDERING_FAILED", str(error)))
    if found:
        raise InvalidFields(tuple(found))


def _message(
    execution: Execution, live: LiveCampaign, place: int, admitted: Admitted, release: Instant, owner: str | None
) -> Message:
    person = admitted.personalisation
    excluded = admitted.exclusion is not None
    begun = owner is not None and not excluded
    # By position, in the order of the fields: this runs once for each recipient, and names would cost a tenth of it.
    return Message(
        message_id(execution.id, place),
        execution.campaign_key,
        execution.version,
        live.channel_key,
        live.lane,
        person.identity,
        person.address,
        person.locale,
        admitted.context,
        admitted.profile,
        MessageState.EXCLUDED if excluded else MessageState.SENDING if begun else MessageState.QUEUED,
        execution.accept_time,
        release,
        release,
        execution.expire_time,
        attempt_count=int(begun),
        attempt_time=execution.accept_time if begun else None,
        owner=owner if begun else None,
        outcome_time=execution.accept_time if excluded else None,
        exclusion_reason=admitted.exclusion,
    )
