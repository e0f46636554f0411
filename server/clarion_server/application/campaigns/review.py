"""Every check of a campaign that is to be activated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.domain.campaign import CampaignDefinition, Schedule
from clarion_server.domain.campaign_rules import campaign_violations
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.instant import Instant, to_rfc3339
from clarion_server.domain.violation import Violation

_CHANNEL_FIELD = "actions[0].channel_configuration"


class Review:
    def __init__(self, compiler: ContentCompiler, clock: Clock) -> None:
        self._compiler = compiler
        self._clock = clock

    async def of(self, definition: CampaignDefinition, channel: ChannelConfiguration | None) -> list[Finding]:
        """Errors first. `channel` is what the definition's action names; None when there is none of that name."""
        # Walking large templates takes milliseconds that the event loop is not kept waiting for.
        return await asyncio.to_thread(self._findings, definition, channel)

    def _findings(self, definition: CampaignDefinition, channel: ChannelConfiguration | None) -> list[Finding]:
        broken = campaign_violations(definition)
        if broken:
            # Drafts keep the rules of their day; what follows relies on those of today.
            return [_field_invalid(violation) for violation in broken]
        findings = [
            *_channel_findings(definition, channel),
            *_schedule_findings(definition.schedule, self._clock.now()),
            *self._compiler.review(definition),
        ]
        return errors_of(findings) + warnings_of(findings)


def errors_of(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def warnings_of(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.WARNING]


def _field_invalid(violation: Violation) -> Finding:
    return Finding(
        Severity.ERROR,
        FindingCode.FIELD_INVALID,
        violation.field,
        f"Breaks the rule {violation.reason}.",
        violation.description,
    )


def _channel_findings(definition: CampaignDefinition, channel: ChannelConfiguration | None) -> Iterator[Finding]:
    if channel is None:
        yield Finding(
            Severity.ERROR,
            FindingCode.CHANNEL_CONFIGURATION_MISSING,
            _CHANNEL_FIELD,
            f"There is no channel configuration '{definition.action.channel_configuration}' in this sandbox.",
            "Create it, or name another one.",
        )
        return
    if channel.disabled:
        yield Finding(
            Severity.ERROR,
            FindingCode.CHANNEL_CONFIGURATION_DISABLED,
            _CHANNEL_FIELD,
            f"{channel.name} is disabled.",
            "Enable it, or name another one.",
        )
    if not channel.takes(definition.category):
        yield Finding(
            Severity.ERROR,
            FindingCode.CHANNEL_CONFIGURATION_CATEGORY,
            _CHANNEL_FIELD,
            f"{channel.name} is not for {definition.category} campaigns.",
            "Add the category to the channel configuration, or name another one.",
        )


def _schedule_findings(schedule: Schedule, now: Instant) -> Iterator[Finding]:
    start, end = schedule.start_time, schedule.end_time
    if end is not None and end <= now:
        yield Finding(
            Severity.ERROR,
            FindingCode.SCHEDULE_ENDED,
            "schedule.end_time",
            f"The end time {to_rfc3339(end)} has passed: the campaign could not send anything.",
            "Move the end time, or remove it.",
        )
    elif start is not None and start > now:
        yield Finding(
            Severity.WARNING,
            FindingCode.SCHEDULE_NOT_STARTED,
            "schedule.start_time",
            f"The campaign accepts no triggers before {to_rfc3339(start)}.",
            "Nothing, if that is meant. Otherwise move the start time, or remove it.",
        )
