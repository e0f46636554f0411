"""Implements the ports `ContentCompiler` and `ExampleFinder` by Jinja2 and jsonschema-rs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import babel

from clarion_server.adapters.rendering.building.parts import build_all, part_builder
from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.adapters.rendering.content_kind import ContentKinds
from clarion_server.adapters.rendering.examples import example_of
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.adapters.rendering.review import ReviewFacts, review
from clarion_server.adapters.rendering.review.fragments import review_fragment
from clarion_server.adapters.rendering.schemas.check import EMPTY_OBJECT, JsonSchema
from clarion_server.adapters.rendering.schemas.comparison import schema_differences
from clarion_server.application.ports.content import (
    NO_ATTACHMENTS,
    NO_FRAGMENTS,
    Attachments,
    ContentInvalid,
    Example,
    Fragments,
)
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.audiences.condition import ConditionInvalid
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.content_cells import locales_of_rule, offered_locales
from clarion_server.domain.campaigns.schema_difference import SchemaDifference
from clarion_server.domain.campaigns.targeting import ActionRules
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.finding import Finding, FindingCode
from clarion_server.domain.fragments.fragment import FragmentVersion
from clarion_server.domain.languages.content_locale import ContentLocales
from clarion_server.domain.violation import Violation

if TYPE_CHECKING:
    from clarion_server.adapters.targeting import ReviewedRules


class JinjaContentCompiler:
    """One serves a whole process, for it holds no state."""

    def __init__(self, kinds: ContentKinds, public_url: PublicUrl | None = None) -> None:
        """`public_url` is what the links of recipients begin with; None where there are none."""
        self._kinds = kinds
        self._public_url = public_url

    @property
    def format_data(self) -> str:
        # Each release of Babel has one version of the CLDR, which it does not tell.
        return f"babel-{babel.__version__}"

    def compile_content(
        self,
        definition: CampaignDefinition,
        action_index: int,
        campaign_id: str,
        attachments: Attachments = NO_ATTACHMENTS,
        locale: str = "",
        rule: str = "",
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> CompiledAction:
        """Raises ContentInvalid."""
        return CompiledAction(
            self._kinds, definition, action_index, campaign_id, attachments, locale, rule, built, fragments
        )

    def build(self, definition: CampaignDefinition, fragments: Fragments = NO_FRAGMENTS) -> BuiltSources:
        return build_all(definition, self._kinds, fragments)

    def locales(self, definition: CampaignDefinition, action_index: int) -> ContentLocales:
        offered = offered_locales(definition, definition.actions[action_index])
        return ContentLocales(locale_data(), offered, definition.locale_fallbacks)

    def rules(self, definition: CampaignDefinition, action_index: int) -> ActionRules | None:
        """Raises ContentInvalid."""
        action = definition.actions[action_index]
        if not action.rules:
            return None
        try:
            compiled = self._cel.rule_set(action)
        except ConditionInvalid as invalid:
            raise ContentInvalid from invalid
        ids = tuple(rule.id for rule in action.rules)
        return ActionRules(ids, compiled, action.without_rule, self._locales_of_rules(definition, action))

    def rule_violations(self, definition: CampaignDefinition) -> list[Violation]:
        return list(self._cel.violations(definition)) if _has_rules(definition) else []

    @cached_property
    def _cel(self) -> ReviewedRules:
        # It takes 6 MB, which a service without rules does not need.
        from clarion_server.adapters.targeting import ReviewedRules  # noqa: PLC0415 - see above

        return ReviewedRules()

    def _locales_of_rules(self, definition: CampaignDefinition, action: Action) -> dict[str, ContentLocales]:
        """Returns the locales that rules have words of their own in, by rule."""
        found: dict[tuple[str, ...], ContentLocales] = {}
        by_rule = {rule.id: tuple(locales_of_rule(definition, action, rule.id)) for rule in action.rules}
        for offered in filter(None, by_rule.values()):
            # Most rules offer the same locales, and share the choices.
            if offered not in found:
                found[offered] = ContentLocales(locale_data(), offered, definition.locale_fallbacks)
        return {rule: found[offered] for rule, offered in by_rule.items() if offered}

    def reads_profile(self, definition: CampaignDefinition, fragments: Fragments = NO_FRAGMENTS) -> bool:
        contents = [content for action in definition.actions for content in action.contents]
        conditions = [rule.condition for action in definition.actions for rule in action.rules]
        if any("profile" in condition for condition in conditions):
            return True
        if any("profile" in fragment.content.source for fragment in fragments.values()):
            return True
        # A template cannot name a variable without its word.
        return any("profile" in part.source for each in contents for part in self._kinds[type(each)].parts(each))

    def compile_schema(self, schema: Mapping[str, Any] | None) -> JsonSchema:
        """Raises ContentInvalid."""
        return JsonSchema(EMPTY_OBJECT if schema is None else schema)

    def review(
        self,
        definition: CampaignDefinition,
        attachments: Attachments = NO_ATTACHMENTS,
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> list[Finding]:
        facts = ReviewFacts(self._public_url, attachments, fragments)
        findings = review(definition, self._kinds, part_builder(built, fragments), facts)
        if not _has_rules(definition):
            return findings
        is_sound = not any(each.code is FindingCode.CONTEXT_SCHEMA_INVALID for each in findings)
        return [*findings, *self._cel.findings(definition, is_sound=is_sound)]

    def review_fragment(self, fragment: FragmentVersion, fragments: Fragments) -> list[Finding]:
        return review_fragment(fragment, fragments)

    def schema_differences(
        self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> list[SchemaDifference]:
        return schema_differences(before, after)

    def example(
        self,
        definition: CampaignDefinition,
        identity: str,
        address: str,
        attachments: Attachments = NO_ATTACHMENTS,
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> Example | None:
        """Takes milliseconds to a second, for schemas with many alternatives."""
        return example_of(definition, self._kinds, identity, address, attachments, built, fragments)


def _has_rules(definition: CampaignDefinition) -> bool:
    return any(action.rules for action in definition.actions)
