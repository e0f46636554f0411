"""Review of rules: follows the types of the context schema through the trees of their conditions.

It proves no more than this: a rule without findings reads nothing that the context schema excludes, asks for what may
be missing before it reads it, and does with each value of the context what its type can do. What only data decides, as
whether a text is a time, or of what type an attribute of a profile is, shows when rules are evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clarion_server.adapters.conditions.problems import at
from clarion_server.adapters.conditions.syntax_tree import Tree
from clarion_server.adapters.rendering.inference.abstract_values import UNPROMISED, AbstractValue, value_of_schema
from clarion_server.adapters.rendering.inference.effort import ReviewTooLong, limited_effort
from clarion_server.adapters.rendering.inference.json_types import Schema
from clarion_server.adapters.rendering.schemas.check import EMPTY_OBJECT
from clarion_server.adapters.rendering.schemas.tree import inline_references
from clarion_server.adapters.targeting.compiler import CelRules, RuleInvalid, rules_of
from clarion_server.adapters.targeting.names import CONTEXT, PROFILE
from clarion_server.adapters.targeting.truth import Truth, truth_of
from clarion_server.adapters.targeting.walk import Problem, Walk
from clarion_server.domain.audiences.condition import Position
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.targeting import TargetingRule
from clarion_server.domain.finding import Finding, FindingCode, Severity

_SYNTAX = "Correct it: docs/targeting.md has the language."
#: More of one rule are read by nobody.
_MOST_FINDINGS = 20


class _Reviewed(NamedTuple):
    problems: list[tuple[Position, Problem]]
    truth: Truth


class ReviewedRules(CelRules):
    """Compiles and reviews rules."""

    def findings(self, definition: CampaignDefinition, *, is_sound: bool = True) -> list[Finding]:
        """Returns what is wrong with the rules of a campaign. `is_sound`: whether its context schema is."""
        schema = EMPTY_OBJECT if definition.context_schema is None else definition.context_schema
        found: list[Finding] = []
        with limited_effort():
            try:
                known = inline_references(schema, schema) if is_sound else UNPROMISED
                found.extend(_findings(self, definition, known))
            except ReviewTooLong:
                message = "The rules and the context schema are too complicated together to be reviewed."
                remedy = "Give the schema fewer alternatives."
                found.append(_warning(FindingCode.RULE_MAY_FAIL, "actions", message, remedy))
        return found


def _findings(rules: CelRules, definition: CampaignDefinition, schema: Schema) -> Iterator[Finding]:
    roots = {CONTEXT: _root(CONTEXT, schema), PROFILE: _root(PROFILE, UNPROMISED)}
    always: dict[str, str] = {}
    for field, rule in rules_of(definition):
        path, action = f"{field}.condition", field.partition(".")[0]
        if action in always:
            message = f"Nobody gets to the rule '{rule.id}': the rule '{always[action]}' before it is always true."
            yield _warning(FindingCode.RULE_NEVER, field, message, "Put it in front of the other, or remove it.")
        try:
            reviewed = _review(rules.compile(rule.condition).tree, rule, roots)
        except RuleInvalid as invalid:
            for position, message in invalid.problems:
                yield Finding(
                    Severity.ERROR, invalid.code, path, _placed(position, message), _SYNTAX, line=position.line
                )
            continue
        for position, problem in reviewed.problems[:_MOST_FINDINGS]:
            message = _placed(position, problem.message)
            yield Finding(problem.severity, problem.code, path, message, problem.remedy, line=position.line)
        if reviewed.truth is Truth.FALSE:
            message = f"The condition of the rule '{rule.id}' is always false."
            yield _warning(FindingCode.RULE_NEVER, path, message, "Correct it, or remove the rule.")
        if reviewed.truth is Truth.TRUE:
            always.setdefault(action, rule.id)


def _review(tree: Tree, rule: TargetingRule, roots: dict[str, AbstractValue]) -> _Reviewed:
    walk = Walk(roots)
    walk.value(tree.root)
    placed = [
        (at(rule.condition, tree.offsets.get(problem.node.id, 0), "").position, problem) for problem in walk.problems
    ]
    return _Reviewed(sorted(placed, key=lambda each: each[0]), truth_of(tree.root))


def _root(name: str, schema: Schema) -> AbstractValue:
    value = value_of_schema({"type": "object"}).restrict(schema)
    return AbstractValue(value.alternatives, access_path=(name,), path=name)


def _placed(position: Position, message: str) -> str:
    return f"Column {position.column}: {message}"


def _warning(code: FindingCode, field: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, code, field, message, remedy)
