"""Accepts one call, which becomes an execution and its messages, durable before it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from clarion_server.application.background import run_for_request
from clarion_server.application.campaign_cache import CampaignCache, LiveCampaign
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.queue import Queue
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.dispatch import Dispatch, Reservation
from clarion_server.application.sending.dispatch_accepted import DispatchAccepted
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.accept import AcceptItem, AcceptTriggers
from clarion_server.application.triggering.admission import (
    Admission,
    TriggerCommand,
    admit,
    call_violations,
    fingerprint,
    request_id_violations,
    violations_without_campaign,
)
from clarion_server.application.triggering.memberships import MembershipReader
from clarion_server.application.triggering.recipient_files import RecipientFiles
from clarion_server.application.triggering.stored_profiles import ProfileUse
from clarion_server.application.triggering.validating import TriggerValidator
from clarion_server.domain.access.access import Caller, Visibility, whole_sandbox
from clarion_server.domain.campaigns.campaign_definition import ActionMode, ThroughputMode
from clarion_server.domain.campaigns.targeting import NO_DATA, RecipientData
from clarion_server.domain.errors import (
    CampaignNotLive,
    CampaignOutdated,
    CampaignOutsideWindow,
    InvalidFields,
    RequestIdReused,
    Unavailable,
)
from clarion_server.domain.instant import Instant
from clarion_server.domain.triggering.acceptance import Accepted, Decision, Refused, Replayed
from clarion_server.domain.triggering.execution import NO_EXCLUSIONS, Execution
from clarion_server.domain.triggering.explanation import Explanation
from clarion_server.domain.triggering.trigger import NO_ATTRIBUTES, NO_PROFILE_KEYS, NO_PROFILES, NO_REASONS, Trigger
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

#: A trigger is checked at most this often while its campaign keeps changing; then the caller is asked to repeat it.
_ATTEMPTS = 5
#: This many bytes of context weigh as much as one row, which bounds the memory of what waits for a commit.
_BYTES_PER_ROW = 4096


@value
class TriggerAnswer:
    """Is what a trigger has become. `replayed` says that an earlier call under the same request id became it."""

    execution: Execution
    replayed: bool = False
    explanation: Explanation | None = None
    """Explains the decision about a trigger that was only validated; None for any other."""


@value
class Begun:
    """Is a trigger that is checked and waits for its commit, or is only to be validated."""

    item: AcceptItem
    live: LiveCampaign
    committing: asyncio.Future[Decision] | None
    """None means that it is only to be validated."""

    @property
    def execution(self) -> Execution:
        return self.item.trigger.execution


class Triggering:
    """Checks triggers, and accepts or validates them. Belongs to one event loop."""

    def __init__(
        self,
        transactions: Transactions,
        campaigns: CampaignCache,
        commits: GroupCommit,
        dispatch: Dispatch,
        queue: Queue,
        identities: IdentityReader,
        clock: Clock,
        ids: Ids,
        exclusions: ExclusionReader,
        memberships: MembershipReader,
        files: RecipientFiles,
        metrics: Metrics | None = None,
    ) -> None:
        self._transactions = transactions
        self._campaigns = campaigns
        self._commits = commits
        self._dispatch = dispatch
        self._identities = identities
        self._validator = TriggerValidator(transactions, campaigns, exclusions, memberships)
        direct = DispatchAccepted(transactions, clock, exclusions)
        self.accept_triggers = AcceptTriggers(queue, direct, metrics or Metrics(), ids, exclusions, memberships)
        self._clock = clock
        self._ids = ids
        self._files = files

    def check_capacity(self, recipients: int) -> None:
        """Raises Overloaded when so many further messages would have to wait for too long."""
        self._commits.check_capacity(recipients)

    async def trigger(self, command: TriggerCommand, caller: Caller) -> TriggerAnswer:
        """Accepts or validates the trigger, and answers once what it became is durable.

        Raises InvalidFields, ResourceNotFound, CampaignNotLive, CampaignOutsideWindow, CampaignOutdated,
        RequestIdReused, Overloaded, Unavailable.
        """
        try:
            return await self._accept(command, caller)
        except (InvalidFields, CampaignNotLive, CampaignOutsideWindow, CampaignOutdated):
            # A repeated request gets its first answer, even when the campaign changed or ended in between.
            earlier = await self._earlier(command, caller)
            if earlier is None:
                raise
            return TriggerAnswer(earlier, replayed=True)

    async def _accept(self, command: TriggerCommand, caller: Caller) -> TriggerAnswer:
        self._check_named(command)
        for _ in range(_ATTEMPTS):
            live = self._campaigns.cached(caller.visibility, command.campaign_id)
            live = live or await self._campaigns.live(caller.visibility, command.campaign_id)
            try:
                begun = self._begin(command, live, caller) or await self._admit_and_submit(command, live, caller)
            except (InvalidFields, CampaignOutsideWindow):
                # The cached version refused it. Another process may have activated a newer one.
                if await self._campaigns.is_current(live):
                    raise
                continue
            answer = await self.finish(begun)
            if answer is not None:
                return answer
        raise Unavailable

    async def load_and_begin(self, command: TriggerCommand, caller: Caller) -> Begun:
        """Does the same as `begin`, also for a campaign that must be loaded first, and for checks that take long."""
        self._check_named(command)
        live = await self._campaigns.live(caller.visibility, command.campaign_id)
        return await self._admit_and_submit(command, live, caller)

    def _check_named(self, command: TriggerCommand) -> None:
        """Raises InvalidFields with all violations that need no campaign, if the call names none."""
        if not command.campaign_id:
            raise InvalidFields(tuple(violations_without_campaign(command, self._clock.now())))

    def begin(self, command: TriggerCommand, caller: Caller) -> Begun | None:
        """Checks the trigger and submits it for the next commit. Returns None when that takes `load_and_begin`: for a
        campaign that is not in memory, or that the caller does not see, and for checks that take long.

        Never waits, so that a stream needs no task for each of its triggers. Raises the same errors as `trigger`.
        """
        live = self._campaigns.cached(caller.visibility, command.campaign_id)
        return None if live is None else self._begin(command, live, caller)

    def _begin(self, command: TriggerCommand, live: LiveCampaign, caller: Caller) -> Begun | None:
        """Does what `begin` does, for a campaign that is in memory."""
        if command.files or _takes_long(command, live):
            return None
        now = self._clock.now()
        self._check_accepts(command, live, now)
        return self._submit(command, live, admit(command, live, self._identities), caller, now)

    async def _admit_and_submit(self, command: TriggerCommand, live: LiveCampaign, caller: Caller) -> Begun:
        """Checks the trigger and submits it. Recipients whose check takes long are checked in a thread."""
        self._check_accepts(command, live, self._clock.now())
        if _takes_long(command, live):
            admission = await run_for_request(admit, command, live, self._identities)
        else:
            admission = admit(command, live, self._identities)
        if command.files:
            await self._take_files(command, live, admission)
        now = self._clock.now()
        # The campaign may have ended while the recipients were checked.
        live.check_accepts(now)
        return self._submit(command, live, admission, caller, now)

    async def _take_files(self, command: TriggerCommand, live: LiveCampaign, admission: Admission) -> None:
        """Checks the recipients' files, and stores those of a trigger that may be accepted. Raises InvalidFields."""
        uploads = await self._files.check(command, live, admission)
        _check(admission, call_violations(command, self._clock.now()), command.allow_partial)
        if not command.validate_only:
            await self._files.store(command, uploads, admission, whole_sandbox(live.campaign.sandbox))

    def _check_accepts(self, command: TriggerCommand, live: LiveCampaign, now: Instant) -> None:
        """Raises Overloaded, CampaignNotLive or CampaignOutsideWindow."""
        self.check_capacity(len(command.recipients) * len(live.version.actions))
        live.check_accepts(now)

    def _submit(
        self, command: TriggerCommand, live: LiveCampaign, admission: Admission, caller: Caller, now: Instant
    ) -> Begun:
        version, definition = live.version, live.version.definition
        _check(admission, call_violations(command, now), command.allow_partial)
        execution = self._execution(command, live, admission, caller, now)
        release = now if command.send_time is None else max(now, command.send_time)
        # A claim gives messages with a rate their turns.
        may_leave = release == now and not command.validate_only and definition.rate is None
        reservations = self._reserve(live, len(admission.recipients)) if may_leave else (None,) * len(version.actions)
        # Positional arguments, in the order of the fields: names and defaults would take twice as long.
        trigger = Trigger(
            execution,
            live.kind,
            admission.recipients,
            release,
            tuple([None if each is None else each.owner for each in reservations]),
            (),
            NO_ATTRIBUTES,
            NO_PROFILES,
            NO_PROFILE_KEYS,
            command.validate_only,
            NO_REASONS,
            False,
            admission.files,
            _data(command, admission) if version.has_rules else NO_DATA,
        )
        item = AcceptItem(trigger, command.recipients, reservations, _profile_use(command, live, admission))
        if command.validate_only:
            return Begun(item, live, None)
        return Begun(item, live, self._commits.submit(self.accept_triggers, item, _weight(trigger)))

    def _reserve(self, live: LiveCampaign, count: int) -> tuple[Reservation | None, ...]:
        """Reserves capacity for all messages that the trigger may become; the decision may make fewer of them."""
        actions = live.version.actions
        if live.version.definition.action_mode is ActionMode.FIRST_DELIVERABLE:
            # Few messages begin with a later action. They are queued.
            first = self._dispatch.reserve(actions[0].action.channel_key, live.kind.lane, count)
            return (first, *(None,) * (len(actions) - 1))
        return tuple([self._dispatch.reserve(each.action.channel_key, live.kind.lane, count) for each in actions])

    async def finish(self, begun: Begun) -> TriggerAnswer | None:
        """Waits for the commit, and answers. Returns None when the campaign has changed meanwhile: the trigger must be
        checked again.

        Raises RequestIdReused, and InvalidFields for what cannot be rendered.
        """
        if begun.committing is None:
            return await self._validate(begun)
        execution = begun.execution
        match await begun.committing:
            case Accepted(accepted):
                return TriggerAnswer(accepted)
            case Replayed(earlier) if earlier.fingerprint == execution.fingerprint:
                return TriggerAnswer(earlier, replayed=True)
            case Replayed(earlier):
                raise RequestIdReused(begun.live.campaign.name, execution.request_id or "", earlier.name)
            case Refused(violations):
                raise InvalidFields(violations)
            case _:
                self._campaigns.discard(begun.live)
                return None

    async def _validate(self, begun: Begun) -> TriggerAnswer | None:
        validated = await self._validator.validate(begun.item, begun.live)
        if validated is None:
            self._campaigns.discard(begun.live)
            return None
        return TriggerAnswer(validated.execution, explanation=validated.explanation)

    async def _earlier(self, command: TriggerCommand, caller: Caller) -> Execution | None:
        """Returns the execution of the first request of which this one is a repetition."""
        if not command.request_id or command.validate_only or command.is_damaged:
            return None
        if any(request_id_violations(command.request_id)):
            return None
        found = await self._transactions.read(lambda unit: find_request(unit, caller.visibility, command))
        if found is None or not found.holds_request_id(self._clock.now()):
            return None
        return found if found.fingerprint == fingerprint(command) else None

    def _execution(
        self, command: TriggerCommand, live: LiveCampaign, admission: Admission, caller: Caller, now: Instant
    ) -> Execution:
        definition, request_id = live.version.definition, "" if command.validate_only else command.request_id
        # Positional arguments, in the order of the fields: see `_submit`.
        return Execution(
            self._ids.new_id(),
            live.campaign.sandbox,
            live.campaign.key,
            live.campaign.live_version,
            request_id or None,
            fingerprint(command) if request_id else b"",
            caller.name,
            now,
            command.send_time,
            command.expire_time,
            len(command.recipients),
            live.version.action_ids,
            definition.action_mode,
            NO_EXCLUSIONS,
            admission.rejections,
        )


def _data(command: TriggerCommand, admission: Admission) -> dict[int, RecipientData]:
    """Returns the data of the accepted recipients, which rules read."""
    given = ((each.index, command.recipients[each.index]) for each in admission.recipients)
    return {index: RecipientData(recipient.context, recipient.profile) for index, recipient in given}


def _profile_use(command: TriggerCommand, live: LiveCampaign, admission: Admission) -> ProfileUse | None:
    if live.version.definition.throughput_mode is ThroughputMode.HIGH:
        return None
    return ProfileUse(live, command.recipients, command.allow_partial, admission.lacks_address)


def find_request(unit: UnitOfWork, visibility: Visibility, command: TriggerCommand) -> Execution | None:
    campaign = unit.campaigns.get(visibility, command.campaign_id)
    if campaign is None:
        return None
    key = (campaign.key, command.request_id)
    return unit.executions.by_request_ids([key]).get(key)


def _takes_long(command: TriggerCommand, live: LiveCampaign) -> bool:
    """Returns whether checking the recipients may hold up other calls. The check of one is bounded."""
    return command.is_large or (len(command.recipients) > 1 and live.schema.is_costly)


def _check(admission: Admission, violations: Sequence[Violation], allow_partial: bool) -> None:
    if violations or (admission.rejections and (not allow_partial or not admission.recipients)):
        raise InvalidFields((*violations, *admission.violations))


def _weight(trigger: Trigger) -> int:
    """Estimates the number of rows that the trigger writes."""
    contexts = sum([len(recipient.context) for recipient in trigger.recipients])
    return 1 + (len(trigger.recipients) + contexts // _BYTES_PER_ROW) * len(trigger.kind.actions)
