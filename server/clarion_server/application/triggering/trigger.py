"""The main use case: one call becomes an execution and its messages, durable before it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from clarion_server.application.campaign_cache import CampaignCache, LiveCampaign
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.local_dispatch import ClaimedMessage, LocalDispatch
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.accept import Accepted, AcceptItem, AcceptResult, AcceptTriggers, Replayed
from clarion_server.application.triggering.admission import (
    Admission,
    Admitted,
    TriggerCommand,
    admit,
    call_violations,
    fingerprint,
    request_id_violations,
    violations_without_campaign,
)
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
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

#: How often a trigger is admitted anew when its campaign changes under it, before the caller is asked to repeat it.
_ATTEMPTS = 5
#: So many bytes of context weigh as much as a row more: what waits to be written is bounded in memory too.
_BYTES_PER_ROW = 4096


@value
class TriggerAnswer:
    execution: Execution
    replayed: bool = False
    validated_only: bool = False


@value
class Begun:
    """A trigger that was admitted and waits for its commit, or needs none."""

    execution: Execution
    live: LiveCampaign
    admission: Admission
    committing: asyncio.Future[AcceptResult] | None
    """None: it is only to be validated."""


class Triggering:
    def __init__(
        self,
        transactions: Transactions,
        directory: CampaignCache,
        commits: GroupCommit,
        outlets: LocalDispatch,
        clock: Clock,
        ids: Ids,
        metrics: Metrics | None = None,
    ) -> None:
        self._transactions = transactions
        self._directory = directory
        self._commits = commits
        self._outlets = outlets
        self._intake = AcceptTriggers(outlets, metrics or Metrics())
        self._clock = clock
        self._ids = ids

    def check_room(self, recipients: int) -> None:
        """Raises Overloaded when so many messages more would wait for too long to be written."""
        self._commits.check_room(recipients)

    async def trigger(self, command: TriggerCommand, caller: Caller) -> TriggerAnswer:
        """Raises InvalidFields, ResourceNotFound, CampaignNotLive, CampaignOutsideWindow, RequestIdReused, Overloaded,
        Unavailable.
        """
        try:
            return await self._accept(command, caller)
        except (InvalidFields, CampaignNotLive, CampaignOutsideWindow):
            # What was once accepted is answered the same again, whatever has become of the campaign since.
            earlier = await self._earlier(command, caller)
            if earlier is None:
                raise
            return TriggerAnswer(earlier, replayed=True)

    async def _accept(self, command: TriggerCommand, caller: Caller) -> TriggerAnswer:
        self._check_named(command)
        for _ in range(_ATTEMPTS):
            live = await self._directory.live(caller.sandbox, command.campaign_id)
            try:
                begun = self.begin(command, caller)
            except (InvalidFields, CampaignOutsideWindow):
                # By the rules that are at hand. Another process may have activated others meanwhile.
                if await self._directory.is_current(live):
                    raise
                continue
            answer = None if begun is None else await self.finish(begun)
            if answer is not None:
                return answer
        raise Unavailable

    async def load_and_begin(self, command: TriggerCommand, caller: Caller) -> Begun | None:
        """Like `begin`, for a campaign that is not at hand yet."""
        self._check_named(command)
        await self._directory.live(caller.sandbox, command.campaign_id)
        return self.begin(command, caller)

    def _check_named(self, command: TriggerCommand) -> None:
        """Where it is unknown which campaign is meant, whatever else is wrong is told as well."""
        if not command.campaign_id:
            raise InvalidFields(tuple(violations_without_campaign(command, self._clock.now())))

    def begin(self, command: TriggerCommand, caller: Caller) -> Begun | None:
        """Admits the trigger and sends it to the store; None when its campaign must be loaded first. Raises as
        `trigger` does. Without a wait, so that a stream of triggers needs no task for each.
        """
        live = self._directory.cached(caller.sandbox, command.campaign_id)
        if live is None:
            return None
        now = self._clock.now()
        self._commits.check_room(len(command.recipients))
        live.check_accepts(now)
        admission = admit(command.recipients, live)
        _check(admission, call_violations(command, now), command.allow_partial)
        execution = self._execution(command, live, admission, caller, now)
        committing = None if command.validate_only else self._submit(execution, admission, live, now)
        return Begun(execution, live, admission, committing)

    async def finish(self, begun: Begun) -> TriggerAnswer | None:
        """None when the campaign has changed meanwhile: the trigger is to be admitted anew.

        Raises RequestIdReused, and InvalidFields for what cannot be rendered.
        """
        execution = begun.execution
        if begun.committing is None:
            await _check_renders(begun.admission, begun.live)
            current = await self._directory.is_current(begun.live)
            return TriggerAnswer(execution, validated_only=True) if current else None
        match await begun.committing:
            case Accepted():
                return TriggerAnswer(execution)
            case Replayed(earlier) if earlier.fingerprint == execution.fingerprint:
                return TriggerAnswer(earlier, replayed=True)
            case Replayed(earlier):
                raise RequestIdReused(begun.live.campaign.name, execution.request_id or "", earlier.name)
            case _:
                self._directory.outdated(begun.live)
                return None

    async def _earlier(self, command: TriggerCommand, caller: Caller) -> Execution | None:
        """The execution that the very same request became before."""
        if not command.request_id or command.validate_only or command.is_damaged:
            return None
        if any(request_id_violations(command.request_id)):
            return None
        found = await self._transactions.read(lambda unit: find_request(unit, caller.sandbox, command))
        if found is None or found.accept_time + IDEMPOTENCY_WINDOW <= self._clock.now():
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

    def _submit(
        self, execution: Execution, admission: Admission, live: LiveCampaign, now: Instant
    ) -> asyncio.Future[AcceptResult]:
        release = max(now, execution.send_time or now)
        sendable = len(admission.admitted) - admission.excluded_count
        owner = self._outlets.reserve(live.channel_key, live.lane, sendable) if release == now and sendable else None
        messages = [
            _message(execution, live, place, admitted, release, owner) for place, admitted in admission.admitted
        ]
        hand_offs = None if owner is None else _hand_offs(messages, admission)
        item = AcceptItem(execution, messages, live.campaign.revision, live.channel_key, release, hand_offs)
        return self._commits.submit(self._intake, item, _weight(messages))


def _hand_offs(messages: Sequence[Message], admission: Admission) -> list[ClaimedMessage]:
    return [
        ClaimedMessage(message, admitted.personalisation)
        for message, (_, admitted) in zip(messages, admission.admitted, strict=True)
        if message.state is MessageState.SENDING
    ]


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


async def _check_renders(admission: Admission, live: LiveCampaign) -> None:
    found = []
    for place, admitted in admission.admitted:
        # A thousand mails take a while, and others want their turn.
        await asyncio.sleep(0)
        try:
            live.version.content.render(admitted.personalisation)
        except RenderingFailed as error:
            found.append(Violation(f"recipients[{place}]", "RENDERING_FAILED", str(error)))
    if found:
        raise InvalidFields(tuple(found))


def _weight(messages: Sequence[Message]) -> int:
    """About how many rows they come to."""
    return 1 + len(messages) + sum([len(message.context) for message in messages]) // _BYTES_PER_ROW


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
