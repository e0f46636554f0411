"""Compiles the versions of campaigns that triggers use and messages were accepted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clarion_server.application.fragment_lookup import fragments_of_version
from clarion_server.application.packed_variants import PackedVariants, light_of
from clarion_server.application.ports.content import Attachments, CompiledContent, ContentCompiler, Fragments
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import whole_sandbox
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition, ThroughputMode
from clarion_server.domain.campaigns.targeting import NO_AUDIENCES
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.messages.message import VersionAction
from clarion_server.domain.sending_policies.sending_policy import DEFAULT_POLICY
from clarion_server.domain.triggering.targets import TargetAction

#: A compiled version is estimated to take this many bytes, and this many more for each character of its definition.
#: Measured with mails of 1 to 170 KB: 15 to 16 KB for the smallest, and 1 to 3.5 bytes a character besides the source.
_BASE_BYTES, _BYTES_PER_CHARACTER = 16_000, 5


@dataclass(frozen=True, slots=True)
class CompiledVersion:
    """Is a campaign version with its compiled content."""

    key: tuple[int, int]
    """Is the campaign's key and the number of the version."""
    campaign_id: str
    definition: CampaignDefinition
    """Is the definition without its variants, which stay packed until they are used."""
    variants: PackedVariants
    contents: tuple[CompiledContent, ...]
    """Holds the content of each action in the default locale, in the order of the actions."""
    actions: tuple[TargetAction, ...]
    action_ids: tuple[str, ...]
    has_rules: bool
    """Says whether rules decide which contents people get."""
    sending_policy: str | None
    """Is the id of the sending policy that may hold for its messages; None when none does."""
    reads_profile: bool
    """Says whether a content may depend on attributes of the profile."""
    address_members: tuple[str, ...]
    """Holds the beginnings of the JSON members of attributes that may hold an address."""
    size: int
    """Estimates the memory that it takes, in bytes."""
    attachments: Attachments = field(default_factory=dict)
    """Holds the attachments that its contents name, by id."""
    built: BuiltSources = field(default_factory=dict)
    """Holds the sources that building has changed, as they are sent."""
    fragments: Fragments = field(default_factory=dict)
    """Holds the versions of fragments that it is pinned to."""
    audience_ids: frozenset[str] = NO_AUDIENCES
    """Holds the ids of the audiences that its rules ask about."""

    @property
    def whole_definition(self) -> CampaignDefinition:
        """Returns the definition with its variants, which takes milliseconds when there are many."""
        return self.variants.into(self.definition)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """Holds a version as the store has it."""

    sandbox: str
    campaign_id: str
    definition: CampaignDefinition
    channel_keys: Sequence[int]
    attachments: Attachments
    built: BuiltSources
    fragments: Fragments


def stored_version(unit: UnitOfWork, campaign_key: int, number: int) -> StoredVersion:
    version = unit.campaigns.version(campaign_key, number)
    campaign = unit.campaigns.by_keys({campaign_key})[campaign_key]
    assert version is not None, "a version outlives the messages that were accepted with it"
    channel_keys = unit.campaigns.channel_keys(campaign_key, number)
    attachments = unit.attachments.of_version(campaign_key, number) if version.definition.attachment_ids else {}
    built = unit.campaigns.built_sources(campaign_key, number)
    fragments = fragments_of_version(unit, whole_sandbox(campaign.sandbox), version)
    return StoredVersion(campaign.sandbox, campaign.id, version.definition, channel_keys, attachments, built, fragments)


class VersionCompiler:
    """Compiles stored versions. Any thread may call it."""

    def __init__(self, contents: ContentCompiler) -> None:
        self.contents = contents

    def compile(self, key: tuple[int, int], stored: StoredVersion) -> CompiledVersion:
        """Returns the version with the default content of each action. Raises ContentInvalid."""
        definition = stored.definition
        actions = tuple(self._target_action(key, stored, index) for index in range(len(definition.actions)))
        contents = tuple(self._default_content(stored, index) for index in range(len(actions)))
        light, packed = light_of(definition), PackedVariants(definition)
        return CompiledVersion(
            key,
            stored.campaign_id,
            light,
            packed,
            contents,
            actions,
            tuple(each.action.id for each in actions),
            any(each.rules is not None for each in actions),
            sending_policy_of(definition),
            self.contents.reads_profile(definition, stored.fragments),
            tuple({f'"{each}"' for action in definition.actions if (each := action.content.address_attribute)}),
            _BASE_BYTES + _BYTES_PER_CHARACTER * (len(repr(light)) + _length(stored.built)) + packed.size,
            stored.attachments,
            stored.built,
            stored.fragments,
            definition.audience_ids,
        )

    def _target_action(self, key: tuple[int, int], stored: StoredVersion, index: int) -> TargetAction:
        definition = stored.definition
        action = definition.actions[index]
        return TargetAction(
            VersionAction(
                stored.sandbox,
                *key,
                action.id,
                action.content.channel,
                stored.channel_keys[index],
                definition.lane,
                definition.topic,
                action.fallback_after,
            ),
            self.contents.locales(stored.definition, index),
            self.contents.rules(stored.definition, index),
        )

    def _default_content(self, stored: StoredVersion, index: int) -> CompiledContent:
        return self.contents.compile_content(
            stored.definition,
            index,
            stored.campaign_id,
            stored.attachments,
            built=stored.built,
            fragments=stored.fragments,
        )

    def compile_content(self, version: CompiledVersion, action_index: int, locale: str, rule: str) -> CompiledContent:
        """Returns the content of an action for the people of a rule in a locale. Raises ContentInvalid."""
        return self.contents.compile_content(
            version.variants.into_action(version.definition, action_index, rule),
            action_index,
            version.campaign_id,
            version.attachments,
            locale,
            rule,
            version.built,
            version.fragments,
        )


def sending_policy_of(definition: CampaignDefinition) -> str | None:
    if definition.throughput_mode is ThroughputMode.HIGH:
        return None
    return definition.sending_policy or DEFAULT_POLICY


def _length(built: BuiltSources) -> int:
    return sum(len(source.text) for source in built.values())
