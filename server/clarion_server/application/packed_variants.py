"""Keeps the variants of contents in little memory until they are used."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Collection, Mapping
from dataclasses import replace

from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition, ContentVariant
from clarion_server.domain.content.webhook import WebhookContent

#: Takes the place of a variant that stays packed, so that each one keeps its position. It belongs to a rule that no
#: action has.
_PACKED = ContentVariant("", WebhookContent(""), " ")


class PackedVariants:
    """Holds the variants of all actions of a definition. Any thread may unpack them."""

    __slots__ = ("_counts", "_packed")

    def __init__(self, definition: CampaignDefinition) -> None:
        self._counts = [len(action.variants) for action in definition.actions]
        self._packed = [_pack(action) for action in definition.actions]

    @property
    def size(self) -> int:
        """Returns about how many bytes of memory they take."""
        return sum(len(data) + 150 for packed in self._packed for data in packed.values())

    def rules(self, action_index: int) -> Collection[str]:
        """Returns the rules that have variants, and the empty one if there are variants that belong to none."""
        return self._packed[action_index].keys()

    def into(self, light: CampaignDefinition) -> CampaignDefinition:
        """Returns a definition without variants with all of them."""
        actions = [replace(action, variants=self._unpacked(index)) for index, action in enumerate(light.actions)]
        return replace(light, actions=tuple(actions))

    def into_action(self, light: CampaignDefinition, action_index: int, rule: str) -> CampaignDefinition:
        """Returns a definition without variants with those of one action that are for a rule, and for none."""
        actions = list(light.actions)
        actions[action_index] = replace(actions[action_index], variants=self._unpacked(action_index, {"", rule}))
        return replace(light, actions=tuple(actions))

    def _unpacked(self, action_index: int, rules: Collection[str] | None = None) -> tuple[ContentVariant, ...]:
        variants = [_PACKED] * self._counts[action_index]
        for rule, data in self._packed[action_index].items():
            if rules is None or rule in rules:
                found: list[tuple[int, ContentVariant]] = pickle.loads(zlib.decompress(data))  # noqa: S301 - made below
                for index, variant in found:
                    variants[index] = variant
        return tuple(variants)


def light_of(definition: CampaignDefinition) -> CampaignDefinition:
    """Returns a definition without its variants."""
    return replace(definition, actions=tuple([replace(action, variants=()) for action in definition.actions]))


def _pack(action: Action) -> Mapping[str, bytes]:
    groups: dict[str, list[tuple[int, ContentVariant]]] = {}
    for index, variant in enumerate(action.variants):
        groups.setdefault(variant.rule, []).append((index, variant))
    return {rule: zlib.compress(pickle.dumps(group, protocol=5), level=6) for rule, group in groups.items()}
