"""Compiles targeting rules, and says what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cel_expr_python import cel

from clarion_server.adapters.conditions.cost import cost_of
from clarion_server.adapters.conditions.problems import at, nesting_problem, read_problems
from clarion_server.adapters.conditions.rules import broken_calls
from clarion_server.adapters.conditions.syntax_tree import Call, Constant, Node, Tree, nodes, read_tree
from clarion_server.adapters.targeting.names import AUDIENCE, CONTEXT, IDENTITY, LOCALE, MAX_COST, PROFILE, SIZES, TEXTS
from clarion_server.adapters.targeting.rule_set import CelRuleSet, Chunk
from clarion_server.domain.audiences.audience_reference import audiences_in
from clarion_server.domain.audiences.condition import ConditionInvalid, ConditionProblem
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.targeting import MAX_RULE, TargetingRule
from clarion_server.domain.finding import FindingCode
from clarion_server.domain.names import AUDIENCES
from clarion_server.domain.text_rules import CONTROL
from clarion_server.domain.violation import Violation

#: Says how many compiled rules are kept. Each has some 10 KB.
_KEPT = 512
_CONTROL_CHARACTER = "A condition has no control characters other than line ends and tabulators."
_COSTLY = "It may take too long for one recipient. Loops must compare their elements with short values."
_UNKNOWN = "Undeclared reference"
_HINT = (
    " A rule reads profile.NAME, context.NAME, recipient.identity, recipient.address, recipient.locale and"
    " audience('ID')."
)
_AUDIENCE = (
    f"audience takes the id of an audience as it is written in quotes, as in audience('vip'): {AUDIENCES.id_rule}."
)
_NO_OVERLOAD = "Found no matching overload"
_NOT_BOOL = "must be true or false"
_DYNAMIC = f"It {_NOT_BOOL}: compare the value, as in profile.vip == true."


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """Is a rule as the library has it, and its tree."""

    expression: cel.Expression
    tree: Tree


class RuleInvalid(ConditionInvalid):
    """The text is no rule."""

    @property
    def code(self) -> FindingCode:
        """Returns what is wrong with it first of all."""
        message = self.problems[0].message
        if message.startswith(_UNKNOWN):
            return FindingCode.RULE_UNKNOWN_NAME
        is_type = message.startswith(_NO_OVERLOAD) or _NOT_BOOL in message
        return FindingCode.RULE_WRONG_TYPE if is_type else FindingCode.RULE_SYNTAX


class CelRules:
    """Compiles rules in one environment. Any thread may use it."""

    def __init__(self) -> None:
        self._environment = _environment()
        self._matches = self._environment.compile("recipient.locale.matches(recipient.identity)")
        # Two threads that compile the same at once do it twice.
        self.compile = lru_cache(maxsize=_KEPT)(self._compile)

    def rule_set(self, action: Action) -> CelRuleSet:
        """Raises RuleInvalid."""
        compiled = [self.compile(rule.condition) for rule in action.rules]
        rules = tuple(zip((rule.id for rule in action.rules), (each.expression for each in compiled), strict=True))
        chunks = self._chunks([rule.condition for rule in action.rules], 0)
        trees = [each.tree.root for each in compiled]
        return CelRuleSet(self._environment, rules, list(chunks), trees, action.audience_ids)

    def violations(self, definition: CampaignDefinition) -> Iterator[Violation]:
        """Yields what keeps rules from being stored, by paths in the campaign."""
        for field, rule in rules_of(definition):
            if not rule.condition.strip() or len(rule.condition) > MAX_RULE:
                continue
            try:
                self.compile(rule.condition)
            except RuleInvalid as invalid:
                for position, message in invalid.problems:
                    where = f"Line {position.line}, column {position.column}: "
                    yield Violation(f"{field}.condition", "CONDITION_INVALID", where + message)

    def _chunks(self, conditions: Sequence[str], start: int) -> Iterator[Chunk]:
        """Yields expressions that together find the first of the conditions that is true: as few as possible, for one
        takes half as long as several. What is nested too deep for one is split.
        """
        combined = self._combined(conditions) if len(conditions) > 1 else None
        if combined is None and len(conditions) > 1:
            middle = len(conditions) // 2
            yield from self._chunks(conditions[:middle], start)
            yield from self._chunks(conditions[middle:], start + middle)
        elif conditions:
            yield Chunk(combined, start, start + len(conditions))

    def _combined(self, conditions: Sequence[str]) -> cel.Expression | None:
        """Returns an expression whose value is the position of the first condition that is true, and their number when
        none is; None when it would be nested too deep.
        """
        text = str(len(conditions))
        for index, condition in reversed(list(enumerate(conditions))):
            # A comment in a condition ends with its line.
            text = f"({condition}\n) ? {index} : ({text})"
        try:
            return self._environment.compile(text)
        except RuntimeError:
            return None

    def _compile(self, text: str) -> CompiledRule:
        """Raises RuleInvalid."""
        if found := CONTROL.search(text):
            raise RuleInvalid([at(text, found.start(), _CONTROL_CHARACTER)])
        expression = self._checked(text)
        tree = read_tree(expression.serialize())
        problems = [
            at(text, tree.offsets.get(node.id, 0), message)
            for node, message in (*broken_calls(tree.root, self._is_pattern), *_broken_audiences(tree.root, text))
        ]
        if not problems and cost_of(tree.root, SIZES) > MAX_COST:
            problems = [at(text, tree.offsets.get(tree.root.id, 0), _COSTLY)]
        if (type_ := expression.return_type()) != cel.Type.BOOL:
            message = _DYNAMIC if type_ == cel.Type.DYN else f"It is a {type_.name().lower()}, and {_NOT_BOOL}."
            problems.append(at(text, tree.offsets.get(tree.root.id, 0), message))
        if problems:
            raise RuleInvalid(problems)
        return CompiledRule(expression, tree)

    def _checked(self, text: str) -> cel.Expression:
        try:
            return self._environment.compile(text)
        except RuntimeError as error:
            problems = read_problems(text, str(error)) or [nesting_problem()]
            raise RuleInvalid(list(map(_with_hint, problems))) from None

    def _is_pattern(self, text: str) -> bool:
        # The library reads a pattern when it uses it, so that a wrong one would fail for everybody.
        found = self._matches.eval(data={LOCALE: "", IDENTITY: text})
        return bool(found.type() != cel.Type.ERROR)


def _broken_audiences(root: Node, text: str) -> Iterator[tuple[Node, str]]:
    """Yields each call that asks about an audience which the text of the condition does not show."""
    shown = {name for name, _ in audiences_in(text)}
    for node in nodes(root):
        match node:
            case Call(function=function, arguments=(Constant(text=str(name)),)) if function == AUDIENCE:
                if name not in shown or AUDIENCES.id_violation(name, ""):
                    yield node, _AUDIENCE
            case Call(function=function) if function == AUDIENCE:
                yield node, _AUDIENCE


def _with_hint(problem: ConditionProblem) -> ConditionProblem:
    is_unknown = problem.message.startswith(_UNKNOWN)
    return ConditionProblem(problem.position, problem.message + _HINT) if is_unknown else problem


def rules_of(definition: CampaignDefinition) -> Iterator[tuple[str, TargetingRule]]:
    """Yields the rules with their paths in the campaign."""
    for index, action in enumerate(definition.actions):
        yield from ((f"actions[{index}].rules[{rule_index}]", rule) for rule_index, rule in enumerate(action.rules))


def _environment() -> cel.Env:
    text = cel.Type.STRING
    values = cel.Type.Map(text, cel.Type.DYN)
    asks = cel.FunctionDecl(AUDIENCE, [cel.Overload(AUDIENCE, return_type=cel.Type.BOOL, parameters=[text])])
    # Each evaluation brings its own implementation of what an extension declares.
    return cel.NewEnv(
        variables={PROFILE: values, CONTEXT: values, **dict.fromkeys(TEXTS, text)},
        extensions=[cel.CelExtension(AUDIENCE, [asks])],
    )
