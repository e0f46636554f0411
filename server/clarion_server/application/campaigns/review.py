"""Checks a campaign that is to be activated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clarion_server.application.background import run_in_background
from clarion_server.application.campaigns.candidate import Candidate, renderer_of
from clarion_server.application.campaigns.case_review import case_findings
from clarion_server.application.campaigns.label_findings import (
    audience_findings,
    fragment_label_findings,
    label_findings,
)
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.content import NO_FRAGMENTS, Attachments, ContentCompiler, Fragments
from clarion_server.domain.access_labels import AccessLabels
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.campaigns.campaign_definition import (
    CampaignDefinition,
    Schedule,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.campaigns.campaign_rules import campaign_violations
from clarion_server.domain.campaigns.possible_mails import possible_mails
from clarion_server.domain.campaigns.schema_difference import SchemaEffect
from clarion_server.domain.category import Category
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.consent.topic import Topic
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.content.mail_size import mail_size
from clarion_server.domain.finding import Finding, FindingCode, Severity, errors_of, warnings_of
from clarion_server.domain.fragments.fragment_reference import FragmentReference
from clarion_server.domain.instant import Instant, to_rfc3339
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy
from clarion_server.domain.violation import Violation


class Review:
    """Checks candidates as a whole."""

    def __init__(self, compiler: ContentCompiler, clock: Clock, public_url: PublicUrl | None = None) -> None:
        """`public_url` is what the links of recipients begin with; None where there are none."""
        self._compiler = compiler
        self._clock = clock
        self._public_url = public_url

    async def of(self, candidate: Candidate, *, strict: bool = False) -> list[Finding]:
        """Returns the findings, errors first. With `strict`, what would refuse triggers that the live version takes is
        an error.
        """
        labels, shown = candidate.campaign.access_labels, candidate.shown_fragments
        wider = fragment_label_findings(labels, shown, candidate.visibility)
        asked = audience_findings(candidate.definition, labels, candidate.audiences, candidate.visibility)
        # Walking large templates takes milliseconds, in which the event loop serves others.
        found = await run_in_background(self._findings, candidate, strict)
        outdated = _outdated_findings(candidate.campaign.id, shown, candidate.newest, candidate.live_fragments)
        return [*wider, *asked, *errors_of(found), *warnings_of(found), *outdated]

    def _findings(self, candidate: Candidate, strict: bool) -> list[Finding]:
        found = self._definition_findings(candidate)
        found += _label_findings(candidate.definition, candidate.channels, candidate.campaign.access_labels)
        if candidate.test_cases and not any(each.code is FindingCode.FIELD_INVALID for each in found):
            told = {(each.field, each.line) for each in errors_of(found)}
            renderer = renderer_of(candidate, self._compiler, self._public_url)
            of_cases = case_findings(renderer, candidate.test_cases)
            # What fails where review has found an error is no second mistake.
            found += [each for each in of_cases if (each.field, each.line) not in told]
        if candidate.live is not None:
            severity = Severity.ERROR if strict else Severity.WARNING
            found += self._breaking_changes(candidate.live, candidate.definition, severity)
        return found

    def _definition_findings(self, candidate: Candidate) -> list[Finding]:
        definition, attachments = candidate.definition, candidate.attachments
        broken = campaign_violations(definition)
        if broken:
            # Drafts keep the rules of the day they were written; what follows relies on those of today.
            return [_field_invalid(violation) for violation in broken]
        findings = list(_schedule_findings(definition.schedule, self._clock.now()))
        findings += self._compiler.review(definition, attachments, candidate.built, candidate.shown_fragments)
        for index, channel in enumerate(candidate.channels):
            findings += _channel_findings(definition, index, channel)
            findings += _size_findings(definition, index, channel, attachments)
        findings += _topic_findings(definition, candidate.topic)
        findings += _sending_policy_findings(definition, candidate.sending_policy)
        findings += _throughput_findings(definition)
        return findings

    async def build(self, definition: CampaignDefinition, fragments: Fragments = NO_FRAGMENTS) -> BuiltSources:
        """Returns the built sources of a definition without errors."""
        return await run_in_background(self._compiler.build, definition, fragments)

    def _breaking_changes(
        self, live: CampaignDefinition, definition: CampaignDefinition, severity: Severity
    ) -> Iterator[Finding]:
        """Yields what may refuse triggers that the live version takes."""
        for difference in self._compiler.schema_differences(live.context_schema, definition.context_schema):
            if difference.effect is SchemaEffect.REFUSES_MORE:
                change = f"{difference.path}: {difference.message}"
                message = f"Triggers that the live version takes may be refused. {change}"
                remedy = "Let callers send what the new schema asks for first, or keep to what the live one takes."
                yield Finding(severity, FindingCode.SCHEMA_BREAKING, "context_schema", message, remedy)


def _outdated_findings(
    campaign_id: str, fragments: Fragments, newest: Mapping[str, int], live: Mapping[str, int]
) -> Iterator[Finding]:
    """Yields each fragment that is older than it could be. `live` is what the live version is pinned to."""
    for reference, version in sorted(fragments.items()):
        number = newest.get(version.fragment_id, version.number)
        pinned = live.get(str(reference), version.number)
        if version.number < number:
            message = f"`{version.name}` is taken, and version {number} is the newest."
            way = (
                "take the number out of the name" if reference.version else _roll_out(version.fragment_id, campaign_id)
            )
            remedy = f"Nothing, if that is meant. Otherwise {way}."
        elif pinned < version.number:
            message = f"The live version has `{FragmentReference(version.fragment_id, pinned)}`, and the draft takes"
            message += f" version {version.number} when it is activated."
            remedy = "Look at what has changed: `clarion campaigns diff`."
            remedy += f" To take it without the draft: {_roll_out(version.fragment_id, campaign_id)}."
        else:
            continue
        yield Finding(Severity.WARNING, FindingCode.FRAGMENT_OUTDATED, "actions", message, remedy)


def _roll_out(fragment_id: str, campaign_id: str) -> str:
    """Returns advice on how the live version of a campaign gets the newest version of a fragment."""
    return f"`clarion fragments repin {fragment_id} {campaign_id}` (`RepinFragment`)"


def _field_invalid(violation: Violation) -> Finding:
    return Finding(
        Severity.ERROR,
        FindingCode.FIELD_INVALID,
        violation.field,
        f"Breaks the rule {violation.reason}.",
        violation.description,
    )


def _channel_findings(
    definition: CampaignDefinition, index: int, channel: ChannelConfiguration | None
) -> Iterator[Finding]:
    """Yields what keeps an action from leaving through the channel configuration that it names."""
    action, field = definition.actions[index], f"actions[{index}].channel_configuration"
    if channel is None:
        message = f"There is no channel configuration '{action.channel_configuration}' in this sandbox."
        remedy = "Create it, or name another one."
        yield Finding(Severity.ERROR, FindingCode.CHANNEL_CONFIGURATION_MISSING, field, message, remedy)
        return
    if channel.disabled:
        message, remedy = f"{channel.name} is disabled.", "Enable it, or name another one."
        yield Finding(Severity.ERROR, FindingCode.CHANNEL_CONFIGURATION_DISABLED, field, message, remedy)
    if channel.channel is not action.content.channel:
        message = (
            f"{channel.name} serves {channel.channel}, and the content of the action is for {action.content.channel}."
        )
        remedy = "Name a channel configuration of the content's channel, or change the content."
        yield Finding(Severity.ERROR, FindingCode.CHANNEL_CONFIGURATION_CHANNEL, field, message, remedy)
    if not channel.allows(definition.category):
        message = f"{channel.name} is not for {definition.category} campaigns."
        remedy = "Add the category to the channel configuration, or name another one."
        yield Finding(Severity.ERROR, FindingCode.CHANNEL_CONFIGURATION_CATEGORY, field, message, remedy)


def _label_findings(
    definition: CampaignDefinition, channels: Sequence[ChannelConfiguration | None], access_labels: AccessLabels
) -> Iterator[Finding]:
    for index, channel in enumerate(channels[: len(definition.actions)]):
        if channel is not None:
            field = f"actions[{index}].channel_configuration"
            yield from label_findings(access_labels, channel.access_labels, channel.name, field)


def _size_findings(
    definition: CampaignDefinition, index: int, channel: ChannelConfiguration | None, attachments: Attachments
) -> Iterator[Finding]:
    """Yields that the files of a content do not fit into the mails that the channel configuration takes."""
    action = definition.actions[index]
    if channel is None or not isinstance(action.content, EmailContent):
        return
    for path, content, mails in possible_mails(action):
        if not content.attachments:
            continue
        named = [attachments[file.attachment].size for file in content.attachments if file.attachment in attachments]
        size = max(mail_size(mail, 0, named) for mail in mails)
        if size > channel.max_message_bytes:
            message = f"A mail has {size:,} octets as encoded, and {channel.name} takes {channel.max_message_bytes:,}."
            remedy = "Make the files smaller or fewer, or raise `max_message_bytes` if the provider takes such mails."
            field = f"actions[{index}]{path}.{content.channel.word}.attachments"
            yield Finding(Severity.ERROR, FindingCode.ATTACHMENTS_TOO_LARGE, field, message, remedy)


def _topic_findings(definition: CampaignDefinition, topic: Topic | None) -> Iterator[Finding]:
    if definition.topic is None:
        return
    if topic is None:
        message = f"There is no topic '{definition.topic}' in this sandbox."
        yield Finding(
            Severity.ERROR, FindingCode.TOPIC_MISSING, "topic", message, "Create it, or name another one or none."
        )
    elif topic.archive_time is not None:
        message = f"{topic.name} is archived."
        yield Finding(
            Severity.ERROR, FindingCode.TOPIC_ARCHIVED, "topic", message, "Unarchive it, or name another one or none."
        )
    if definition.category is Category.TRANSACTIONAL:
        message = "People can refuse the campaign by its topic, and then get none of its messages."
        remedy = "Nothing, if that is meant, as for delivery updates. Otherwise remove the topic."
        yield Finding(Severity.WARNING, FindingCode.TOPIC_OF_TRANSACTIONAL, "topic", message, remedy)


def _sending_policy_findings(definition: CampaignDefinition, policy: SendingPolicy | None) -> Iterator[Finding]:
    if definition.sending_policy is not None and policy is None:
        message = f"There is no sending policy '{definition.sending_policy}' in this sandbox."
        remedy = "Create it, or name another one or none."
        yield Finding(Severity.ERROR, FindingCode.SENDING_POLICY_MISSING, "sending_policy", message, remedy)


def _throughput_findings(definition: CampaignDefinition) -> Iterator[Finding]:
    """Yields each part of a campaign that needs profiles although the campaign looks up none."""
    if definition.throughput_mode is not ThroughputMode.HIGH:
        return
    needs = []
    if definition.category is Category.MARKETING:
        needs.append("marketing needs consent")
    if definition.topic is not None:
        needs.append("its topic needs people's choices")
    if definition.sending_policy is not None:
        needs.append("its sending policy needs people's time zones")
    if definition.audience_ids:
        needs.append("its rules ask about audiences")
    if definition.unknown_recipient_policy is not UnknownRecipientPolicy.ACCEPT:
        needs.append(f"its policy for unknown recipients is {definition.unknown_recipient_policy}")
    if needs:
        message = f"Nobody is looked up in the throughput mode HIGH, but {' and '.join(needs)}."
        remedy = "Choose the throughput mode STANDARD."
        yield Finding(Severity.ERROR, FindingCode.HIGH_LOOKS_UP_NOBODY, "throughput_mode", message, remedy)


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
