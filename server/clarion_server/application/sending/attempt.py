"""Makes one attempt: renders a claimed message, hands it to its channel, and decides what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import orjson
import structlog

from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.compiled_version import CompiledVersion
from clarion_server.application.personal_links.urls import PersonalLinks
from clarion_server.application.ports.channels import (
    Channel,
    EncodedFile,
    Following,
    HandOffFailed,
    HandOffInDoubt,
    Outbound,
    PermanentFailure,
    TransientFailure,
    nothing_follows,
)
from clarion_server.application.ports.clock import Chance, Clock
from clarion_server.application.ports.content import (
    CompiledContent,
    ContentInvalid,
    Personalisation,
    RenderingFailed,
)
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.files import FileMissing, MessageFiles
from clarion_server.application.sending.hand_off_checks import HandOffChecks
from clarion_server.application.sending.rendering_pace import RenderingPace
from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.provider_words import without_addresses
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.events.delivery import AttemptOutcome, decide_next, exclude, expire
from clarion_server.domain.instant import SECOND, Instant, Span
from clarion_server.domain.messages.attempt import MAX_DETAIL, Attempt, AttemptResult, Failure, FailureReason
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.triggering.follow_ups import follow_ups
from clarion_server.domain.value import value

log = structlog.get_logger()

#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_SENT = AttemptResult.SENT
#: Is the profile of whoever has none.
_NOTHING = b"{}"
#: Says how long a checked message may wait for its rendering before it is checked anew.
_LONGEST_WAIT: Span = SECOND


@value
class PreparedMessage:
    """Is a message whose attempt has begun, ready for its channel."""

    message: Message
    version: CompiledVersion
    outbound: Outbound
    started: Instant


class AttemptRunner:
    """Attempts messages that this process has claimed."""

    def __init__(
        self,
        campaigns: CampaignCache,
        clock: Clock,
        chance: Chance,
        checks: HandOffChecks,
        files: MessageFiles,
        links: PersonalLinks | None = None,
    ) -> None:
        """`links` makes the links of recipients; None where there are none."""
        self._campaigns = campaigns
        self._files = files
        self._checks = checks
        self._links = links
        self._clock = clock
        self._chance = chance
        self.pace = RenderingPace()

    async def attempt(  # noqa: PLR0911 - a check a return
        self,
        claimed: ClaimedMessage,
        channel: Channel,
        configuration: ChannelConfiguration,
        following: Following = nothing_follows,
    ) -> AttemptOutcome | None:
        """Renders the message, hands it to its channel, and decides what comes next.

        Returns None when the message must wait for an opening of its sending policy: its attempt has not begun. The
        channel may ask `following` for the message that it gets next. No transaction is open while it is called.
        """
        message, started = claimed.message, self._clock.now()
        if message.is_over(started):
            return expire(message, started)
        verdict = await self._checks.repeat(message, started)
        if exclusion := claimed.exclusion or verdict.exclusions.get(message.id):
            return exclude(message, exclusion, started)
        if message.id in verdict.openings or message.is_closed(started):
            return None
        message = verdict.applied(message)
        version: CompiledVersion | None = None
        try:
            version = await self._campaigns.version(message.action.campaign_key, message.action.version)
            locale, index = message.content_locale.locale, message.action_index
            content = await self._campaigns.content(version, index, locale, message.rule)
            own = message.attachments
            files = await self._files.of(content.content, version, own) if own or version.attachments else ()
            if self.pace.is_resting:
                await self.pace.rest()
                checked, started = started, self._clock.now()
                if started - checked > _LONGEST_WAIT:
                    # What was checked may be otherwise by now.
                    return await self.attempt(claimed, channel, configuration, following)
            if message.is_closed(self._clock.now()):
                return None
            prepared = self._rendered(claimed, version, content, files, started)
        except (ContentInvalid, FileMissing, RenderingFailed) as error:
            return await self._not_rendered(message, version, configuration, started, error)
        return await self.hand_off(prepared, channel, configuration, following)

    async def _not_rendered(
        self,
        message: Message,
        version: CompiledVersion | None,
        configuration: ChannelConfiguration,
        started: Instant,
        error: Exception,
    ) -> AttemptOutcome:
        """Returns the outcome of a message that could not be rendered. `version` is None when it does not compile."""
        detail = without_addresses(_LOST.get(type(error)) or str(error))[:MAX_DETAIL]
        failure = Failure(FailureReason.RENDERING_FAILED, detail=detail)
        attempt = Attempt(message.attempts.count, started, self._clock.now(), AttemptResult.FAILED, failure)
        if version is not None:
            return await self._outcome(message, version, configuration, attempt)
        # No other action of a version that does not compile can be sent either.
        return decide_next(message, attempt, configuration.retry_policy, InDoubtPolicy.PARK, self._chance)

    def prepare(self, claimed: ClaimedMessage) -> PreparedMessage | None:
        """Begins the attempt of a message about which nothing must be asked; its hand-off must come next. None for any
        other one, which `attempt` is for. Never waits.
        """
        message, started = claimed.message, self._clock.now()
        if (
            message.is_over(started)
            or claimed.exclusion
            or message.is_closed(started)
            or self._checks.is_due(message, started)
        ):
            return None
        version = self._campaigns.cached_version(message.action.campaign_key, message.action.version)
        if version is None or version.attachments or message.attachments or self.pace.is_resting:
            return None
        locale = message.content_locale.locale
        content = self._campaigns.cached_content(version, message.action_index, locale, message.rule)
        try:
            return None if content is None else self._rendered(claimed, version, content, (), started)
        except RenderingFailed:
            return None

    def is_timely(self, message: Message) -> bool:
        """Returns whether the message has neither expired nor left the hours in which it may be sent, and need not be
        checked again.
        """
        now = self._clock.now()
        return not (message.is_over(now) or message.is_closed(now) or self._checks.is_due(message, now))

    async def may_go_on(self, message: Message) -> bool:
        """Returns whether a message that has begun, and that is not timely, may be sent all the same."""
        now = self._clock.now()
        if message.is_over(now) or message.is_closed(now):
            return False
        try:
            verdict = await self._checks.repeat(message, now)
        except Exception:  # noqa: BLE001 - its attempt asks again, and says what is wrong
            return False
        return message.id not in verdict.exclusions and message.id not in verdict.openings

    async def hand_off(
        self,
        prepared: PreparedMessage,
        channel: Channel,
        configuration: ChannelConfiguration,
        following: Following = nothing_follows,
    ) -> AttemptOutcome:
        """Hands a message to its channel, and decides what comes next."""
        attempt, wait = await hand_off(channel, prepared.outbound, prepared.started, self._clock, following)
        if attempt.result is _SENT:
            # Nothing has to be asked, and the coroutines that might would take as long as this decision.
            policy = prepared.version.definition.in_doubt_policy
            return decide_next(prepared.message, attempt, configuration.retry_policy, policy, self._chance)
        not_before = None if wait is None else attempt.end_time + wait
        return await self._outcome(prepared.message, prepared.version, configuration, attempt, not_before)

    async def _outcome(
        self,
        message: Message,
        version: CompiledVersion,
        configuration: ChannelConfiguration,
        attempt: Attempt,
        not_before: Instant | None = None,
    ) -> AttemptOutcome:
        policy = version.definition.in_doubt_policy
        outcome = await self._decide(message, attempt, configuration.retry_policy, policy, not_before)
        if message.fallbacks and outcome.state is MessageState.FAILED:
            actions = [each.action for each in version.actions]
            return replace(outcome, follow_ups=follow_ups(message, actions, outcome.time))
        return outcome

    async def _decide(
        self,
        message: Message,
        attempt: Attempt,
        retry_policy: RetryPolicy,
        in_doubt_policy: InDoubtPolicy,
        not_before: Instant | None,
    ) -> AttemptOutcome:
        """Returns the outcome of an attempt. The retry window does not close while a sending policy is closed."""
        outcome = decide_next(message, attempt, retry_policy, in_doubt_policy, self._chance, not_before)
        if message.sending_policy is None or not outcome.is_exhausted:
            return outcome
        later = decide_next(message, attempt, retry_policy.endless(), in_doubt_policy, self._chance, not_before)
        is_closed = later.due_time is not None and await self._checks.is_closed(message, later.due_time)
        return later if is_closed else outcome

    def _rendered(
        self,
        claimed: ClaimedMessage,
        version: CompiledVersion,
        content: CompiledContent,
        files: Sequence[EncodedFile],
        started: Instant,
    ) -> PreparedMessage:
        """Renders the message for its channel. Raises RenderingFailed."""
        message, begin = claimed.message, perf_counter()
        try:
            urls = self._links.urls(message) if content.needs_urls and self._links is not None else None
            rendered = content.render(claimed.personalisation or _personalisation(message), urls)
        finally:
            self.pace.count(perf_counter() - begin)
        outbound = Outbound(
            message.id,
            message.address,
            content.content,
            rendered,
            message.release_time,
            message.attempts.count,
            files,
        )
        return PreparedMessage(message, version, outbound, started)


async def hand_off(
    channel: Channel,
    outbound: Outbound,
    started: Instant,
    clock: Clock,
    following: Following = nothing_follows,
) -> tuple[Attempt, Span | None]:
    """Hands a message over, once. Returns the attempt, and how long the provider asks to wait before the next one."""
    number = outbound.attempt
    try:
        receipt = await channel.send(outbound, following)
    except HandOffFailed as error:
        wait = error.retry_after if isinstance(error, TransientFailure) else None
        failure = replace(error.failure, detail=without_addresses(error.failure.detail))
        return Attempt(number, started, clock.now(), _result_of(error), failure), wait
    except Exception:
        # The fault is in Clarion, at an unknown point of the hand-off.
        log.exception("hand_off_broke", message=outbound.message_id, attempt=number)
        failure = Failure(FailureReason.HAND_OFF_UNKNOWN, detail="A fault in Clarion: see the log.")
        return Attempt(number, started, clock.now(), AttemptResult.IN_DOUBT, failure), None
    reply = without_addresses(receipt.provider_reply)[:MAX_DETAIL]
    return Attempt(number, started, clock.now(), _SENT, provider_reply=reply), None


#: Says why a message cannot be sent although it was accepted.
_LOST: Mapping[type[Exception], str] = {
    # The version compiled when it was activated. An earlier Clarion did that, with other rules.
    ContentInvalid: "The content of this version does not compile any more.",
    FileMissing: "A file of the message is not in the store any more.",
}


def _result_of(error: HandOffFailed) -> AttemptResult:
    match error:
        case HandOffInDoubt():
            return AttemptResult.IN_DOUBT
        case PermanentFailure():
            return AttemptResult.FAILED
        case _:
            return AttemptResult.DEFERRED


def _personalisation(message: Message) -> Personalisation:
    profile = _read(message.profile) if message.profile != _NOTHING else {}
    return Personalisation(_read(message.context), profile, message.identity, message.address, message.locale)


def _read(json: bytes) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(json)
    return values
