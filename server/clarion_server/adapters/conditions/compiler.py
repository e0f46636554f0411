"""Compiles conditions, and keeps the compiled ones."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from clarion_server.adapters.conditions.condition import CelCondition
from clarion_server.adapters.conditions.cost import MAX_GROWN, makes_list
from clarion_server.adapters.conditions.names import ATTRIBUTES, CONSENT, VARIABLES
from clarion_server.adapters.conditions.problems import at, nesting_problem, read_problems
from clarion_server.adapters.conditions.reads import Reads
from clarion_server.adapters.conditions.rules import broken_rules
from clarion_server.adapters.conditions.syntax_tree import Loop, nodes, read_tree
from clarion_server.domain.audiences.condition import MAX_CONDITION, ConditionInvalid, ConditionReads
from clarion_server.domain.instant import Instant, to_datetime
from clarion_server.domain.text_rules import CONTROL

#: Says how many compiled conditions are kept. Each has some 10 KB.
_KEPT = 512
_CONTROL_CHARACTER = "A condition has no control characters other than line ends and tabulators."


class CelConditionCompiler:
    """Implements `ConditionCompiler`."""

    def __init__(self) -> None:
        self._environment = _environment()
        self._matches = self._environment.compile("profile.locale.matches(profile.time_zone)")
        # Any thread may compile. Two that compile the same at once do it twice.
        self.compile = lru_cache(maxsize=_KEPT)(self._compile)

    def time(self, instant: Instant) -> Any:
        return to_datetime(instant)

    def _compile(self, text: str) -> CelCondition:
        """Raises ConditionInvalid."""
        if len(text.encode()) > MAX_CONDITION:
            raise ConditionInvalid([at(text, 0, f"A condition has at most {MAX_CONDITION:,} bytes.")])
        if found := CONTROL.search(text):
            raise ConditionInvalid([at(text, found.start(), _CONTROL_CHARACTER)])
        expression = self._checked(text)
        tree = read_tree(expression.serialize())
        problems = [
            at(text, tree.offsets.get(node.id, 0), message)
            for node, message in broken_rules(tree, expression.return_type(), self._is_pattern)
        ]
        if problems:
            raise ConditionInvalid(problems)
        reads = Reads(tree.root)
        consents = {scope: at(text, tree.offsets.get(node, 0), "").position for scope, node in reads.consents.items()}
        return CelCondition(
            self._environment,
            expression,
            ConditionReads(frozenset(reads.attributes), frozenset(reads.names), consents),
            MAX_GROWN if any(isinstance(node, Loop) and makes_list(node) for node in nodes(tree.root)) else None,
        )

    def _is_pattern(self, text: str) -> bool:
        # The library reads a pattern when it uses it, so that a wrong one would fail for everybody.
        found = self._matches.eval(data={"profile.locale": "", "profile.time_zone": text})
        return bool(found.type() != cel.Type.ERROR)

    def _checked(self, text: str) -> cel.Expression:
        try:
            return self._environment.compile(text)
        except RuntimeError as error:
            raise ConditionInvalid(read_problems(text, str(error)) or [nesting_problem()]) from None


def _environment() -> cel.Env:
    text = cel.Type.STRING
    variables = {ATTRIBUTES: cel.Type.Map(text, cel.Type.DYN), **VARIABLES}
    consent = cel.FunctionDecl(CONSENT, [cel.Overload(CONSENT, return_type=text, parameters=[text, text])])
    # Each evaluation brings its own implementation of what an extension declares.
    return cel.NewEnv(variables=variables, extensions=[cel.CelExtension(CONSENT, [consent])])
