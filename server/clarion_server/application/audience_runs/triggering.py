"""The use case that turns a call into a run, which is durable before the call is answered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from clarion_server.application.audience_runs.selecting import MemberSelection
from clarion_server.application.campaign_cache import CampaignCache, LiveCampaign
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.content import ErrorBudget
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_audience
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.admission import (
    context_violations,
    request_id_violations,
    time_violations,
    to_json,
)
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.audiences.audience_run import MAX_CONTEXT, MAX_MEMBERS, AudienceRun, EndReason
from clarion_server.domain.audiences.condition import ConditionInvalid
from clarion_server.domain.errors import CampaignOutsideWindow, InvalidFields, RequestIdReused, Unavailable
from clarion_server.domain.instant import Instant
from clarion_server.domain.labels import label_violations
from clarion_server.domain.languages.language_tags import read_locale
from clarion_server.domain.messages.message import NO_LABELS
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_long

#: A call is checked at most this often while its campaign keeps changing; then the caller is asked to repeat it.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class TriggerAudienceCommand:
    campaign_id: str
    audience_id: str
    max_recipients: int
    context: Mapping[str, Any] = field(default_factory=dict)
    locale: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    request_id: str = ""
    send_time: Instant | None = None
    expire_time: Instant | None = None
    validate_only: bool = False
    violations: tuple[Violation, ...] = ()
    """Holds the violations that were found while the call was read."""


@dataclass(frozen=True, slots=True)
class AudienceAnswer:
    campaign_id: str
    execution: Execution
    run: AudienceRun
    replayed: bool = False
    validated_only: bool = False


class AudienceTriggering:
    def __init__(
        self,
        transactions: Transactions,
        campaigns: CampaignCache,
        selection: MemberSelection,
        clock: Clock,
        ids: Ids,
        on_stored: Callable[[], None],
    ) -> None:
        """`on_stored` is called when a run was stored."""
        self._transactions = transactions
        self._campaigns = campaigns
        self._selection = selection
        self._clock = clock
        self._ids = ids
        self._on_stored = on_stored

    async def trigger(self, command: TriggerAudienceCommand, caller: Caller) -> AudienceAnswer:
        """Raises InvalidFields, ResourceNotFound, CampaignNotLive, CampaignOutsideWindow, CampaignOutdated,
        RequestIdReused or Unavailable.
        """
        broken = list(_violations(command, self._clock.now()))
        if not command.violations and all(violation.field == "expire_time" for violation in broken):
            # A repeated call gets its first answer, also when its time is over.
            earlier = await self._earlier(command, caller)
            if earlier is not None:
                return earlier
        refuse_invalid(command.violations, broken)
        for _ in range(_ATTEMPTS):
            live = await self._campaigns.live(caller.visibility, command.campaign_id)
            try:
                live.check_accepts(self._clock.now())
                refuse_invalid((), _context_violations(command, live))
            except (InvalidFields, CampaignOutsideWindow):
                # The cached version refused it. Another process may have activated a newer one.
                if await self._campaigns.is_current(live):
                    raise
                continue
            execution = self._execution(command, live, caller)
            if command.validate_only:
                if not await self._campaigns.is_current(live):
                    continue
                return await self._validate(command, live, execution, caller)
            answer = await self._transactions.write(lambda unit: self._store(unit, command, live, execution, caller))  # noqa: B023 - awaited here
            if answer is not None:
                self._on_stored()
                return answer
            self._campaigns.discard(live)
        raise Unavailable

    async def _earlier(self, command: TriggerAudienceCommand, caller: Caller) -> AudienceAnswer | None:
        """Returns the answer to the request that this one repeats, whatever state its campaign is in now."""
        if not command.request_id or command.validate_only:
            return None
        return await self._transactions.read(lambda unit: self._find_earlier(unit, command, caller))

    def _find_earlier(self, unit: UnitOfWork, command: TriggerAudienceCommand, caller: Caller) -> AudienceAnswer | None:
        campaign = unit.campaigns.get(caller.visibility, command.campaign_id)
        if campaign is None:
            return None
        key = (campaign.key, command.request_id)
        earlier = unit.executions.by_request_ids([key]).get(key)
        if earlier is None or not earlier.holds_request_id(self._clock.now()):
            return None
        run = unit.audience_runs.get(earlier.id)
        if run is None or earlier.fingerprint != _fingerprint(command):
            raise RequestIdReused(campaign.name, command.request_id, earlier.name)
        return AudienceAnswer(command.campaign_id, earlier, run, replayed=True)

    def _store(
        self,
        unit: UnitOfWork,
        command: TriggerAudienceCommand,
        live: LiveCampaign,
        execution: Execution,
        caller: Caller,
    ) -> AudienceAnswer | None:
        """Returns None when the campaign has changed since it was read."""
        locked = unit.campaigns.lock({execution.campaign_key}).get(execution.campaign_key)
        audience = find_audience(unit, caller.visibility, command.audience_id)
        if command.request_id:
            earlier = self._find_earlier(unit, command, caller)
            if earlier is not None:
                return earlier
            self._release_lapsed(unit, execution)
        if locked is None or locked.revision != live.campaign.revision:
            return None
        _check_labels(audience, live)
        unit.executions.add_all([execution])
        return AudienceAnswer(command.campaign_id, execution, unit.audience_runs.add(_run(command, execution)))

    def _release_lapsed(self, unit: UnitOfWork, execution: Execution) -> None:
        """Takes the request id from the execution that has had it for longer than the window of idempotency."""
        assert execution.request_key is not None
        for lapsed in unit.executions.by_request_ids([execution.request_key]).values():
            unit.executions.release_request_ids([lapsed.id])

    async def _validate(
        self, command: TriggerAudienceCommand, live: LiveCampaign, execution: Execution, caller: Caller
    ) -> AudienceAnswer:
        audience = await self._transactions.read(
            lambda unit: find_audience(unit, caller.visibility, command.audience_id)
        )
        _check_labels(audience, live)
        now = self._clock.now()
        try:
            selection = await self._selection.count(audience, now)
        except ConditionInvalid:
            message = "Its condition breaks rules that are newer than it: correct the audience."
            raise InvalidFields((Violation("audience", "CONDITION_INVALID", message),)) from None
        run = _run(command, execution).begun(now)
        if selection.count > command.max_recipients:
            run = run.refused(EndReason.AUDIENCE_TOO_LARGE, now, selection)
        else:
            run = run.selected(selection)
        return AudienceAnswer(command.campaign_id, execution, run, validated_only=True)

    def _execution(self, command: TriggerAudienceCommand, live: LiveCampaign, caller: Caller) -> Execution:
        request_id = "" if command.validate_only else command.request_id
        return Execution(
            id=self._ids.new_id(),
            sandbox=live.campaign.sandbox,
            campaign_key=live.campaign.key,
            version=live.campaign.live_version,
            request_id=request_id or None,
            fingerprint=_fingerprint(command) if request_id else b"",
            caller=caller.name,
            accept_time=self._clock.now(),
            send_time=command.send_time,
            expire_time=command.expire_time,
            recipient_count=0,
            actions=live.version.action_ids,
            action_mode=live.version.definition.action_mode,
        )


def _check_labels(audience: Audience, live: LiveCampaign) -> None:
    """Raises InvalidFields when whoever sees the campaign would see members of an audience that labels hide."""
    lacking = set(audience.access_labels.names) - set(live.campaign.access_labels.names)
    if lacking:
        names = ", ".join(sorted(lacking))
        what = f"Has access labels that the campaign lacks: {names}. Give the campaign these labels too."
        raise InvalidFields((Violation("audience", "LABEL_WIDER_THAN_PART", what),))


def _run(command: TriggerAudienceCommand, execution: Execution) -> AudienceRun:
    return AudienceRun(
        execution.id,
        execution.sandbox,
        execution.campaign_key,
        command.audience_id,
        command.max_recipients,
        max(execution.accept_time, command.send_time or 0),
        to_json(command.context),
        read_locale(command.locale) or "",
        command.labels,
    )


def _violations(command: TriggerAudienceCommand, now: Instant) -> Iterator[Violation]:
    """Yields the violations of a call that can be found without its campaign."""
    if not command.max_recipients:
        yield required("max_recipients")
    elif not 0 < command.max_recipients <= MAX_MEMBERS:
        yield out_of_range("max_recipients", f"Must lie between 1 and {MAX_MEMBERS:,}.")
    yield from request_id_violations(command.request_id)
    yield from time_violations(command.send_time, command.expire_time, now)
    yield from label_violations(command.labels)
    if command.locale and read_locale(command.locale) is None:
        yield malformed("locale", "Must be a BCP 47 tag such as 'pt-BR'.")
    context = to_json(command.context)
    if len(context) > MAX_CONTEXT:
        yield too_long("context", MAX_CONTEXT, "bytes as JSON")
    else:
        yield from context_violations(context)


def _context_violations(command: TriggerAudienceCommand, live: LiveCampaign) -> list[Violation]:
    found = live.schema.violations(command.context, ErrorBudget())
    return [violation.under("context") for violation in found or ()]


def _fingerprint(command: TriggerAudienceCommand) -> bytes:
    """Returns a digest of 16 bytes that distinguishes a repeated request from another one under the same id."""
    call = [
        "audience",
        command.audience_id,
        command.max_recipients,
        command.context,
        command.locale,
        command.labels,
        command.send_time,
        command.expire_time,
    ]
    return hashlib.blake2b(orjson.dumps(call, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
