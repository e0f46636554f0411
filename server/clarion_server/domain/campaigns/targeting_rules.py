"""The rules that the targeting of a campaign must satisfy to be stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from clarion_server.domain.audiences.audience_reference import MAX_ASKED
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.targeting import MAX_RULE, MAX_RULES, RULE_ID, WithoutRule
from clarion_server.domain.text_rules import MAX_DISPLAY_NAME, line_violations
from clarion_server.domain.violation import Violation, malformed, required, too_long, too_many

_REMOVED = "Must be a new id: a version had a rule of this id, which was removed, and reports still count by it."


def rule_violations(action: Action) -> Iterator[Violation]:
    """Yields the violations of an action's rules, by paths in the action. Their conditions are compiled elsewhere."""
    if len(action.rules) > MAX_RULES:
        yield too_many("rules", MAX_RULES)
        return
    seen = set[str]()
    for index, rule in enumerate(action.rules):
        field = f"rules[{index}]"
        if not RULE_ID.fullmatch(rule.id):
            yield malformed(f"{field}.id", "Must be 1 to 32 lower-case letters, digits and hyphens.")
        elif rule.id in seen:
            yield Violation(f"{field}.id", "DUPLICATE", "Must occur only once in the action.")
        seen.add(rule.id)
        yield from line_violations(rule.display_name, f"{field}.display_name", MAX_DISPLAY_NAME)
        if not rule.condition.strip():
            yield required(f"{field}.condition")
        if len(rule.condition) > MAX_RULE:
            yield too_long(f"{field}.condition", MAX_RULE)
    if len(action.audience_ids) > MAX_ASKED:
        yield Violation("rules", "TOO_MANY", f"Must ask about at most {MAX_ASKED} audiences.")
    if action.without_rule is WithoutRule.EXCLUDE and not action.rules:
        yield Violation("without_rule", "NOT_ALLOWED", "Must not exclude recipients where there are no rules.")


def rule_keys(definition: CampaignDefinition | None) -> list[tuple[str, str]]:
    """Returns the rules of a definition, each as the ids of its action and its own."""
    actions = () if definition is None else definition.actions
    return [(action.id, rule.id) for action in actions for rule in action.rules]


def removed_rule_violations(
    definition: CampaignDefinition, used: Collection[tuple[str, str]], *others: CampaignDefinition | None
) -> Iterator[Violation]:
    """Yields a violation for each rule with an id that earlier versions used for a rule which was removed since. `used`
    are these ids, and `others` the definitions that may still have them.
    """
    removed = set(used).difference(*map(rule_keys, others))
    for action_index, action in enumerate(definition.actions):
        for index, rule in enumerate(action.rules):
            if (action.id, rule.id) in removed:
                yield Violation(f"actions[{action_index}].rules[{index}].id", "ALREADY_USED", _REMOVED)
