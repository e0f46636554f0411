"""Finds the first rule that is true of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

from clarion_server.adapters.conditions.condition import Projection, cause_of, is_larger, projection
from clarion_server.adapters.conditions.reads import paths_of
from clarion_server.adapters.conditions.syntax_tree import Loop, Name, Node, nodes
from clarion_server.adapters.targeting.data_key import DataKey, Key
from clarion_server.adapters.targeting.names import ADDRESS, AUDIENCE, CONTEXT, IDENTITY, LOCALE, MAX_ELEMENTS, PROFILE
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaigns.targeting import Person, RuleFailure


@dataclass(frozen=True, slots=True)
class Chunk:
    """Holds some of the rules, in their order."""

    combined: cel.Expression | None
    """Gives the position of the first one that is true, and their number when none is. None: there is one rule alone.
    """
    start: int
    end: int


class CelRuleSet:
    """Implements `RuleSet`."""

    def __init__(
        self,
        environment: cel.Env,
        rules: Sequence[tuple[str, cel.Expression]],
        chunks: Sequence[Chunk],
        trees: Sequence[Node],
        audiences: frozenset[str],
    ) -> None:
        """`trees` are those of the rules, and `audiences` those that they ask about."""
        self._environment = environment
        self._rules = rules
        self._chunks = chunks
        self._context, self._profile = _projection_of(trees, CONTEXT), _projection_of(trees, PROFILE)
        named = {node.name for tree in trees for node in nodes(tree) if isinstance(node, Name)}
        self._texts = [(name, index) for name, index in _TEXTS if name in named]
        self._has_loops = any(isinstance(node, Loop) for tree in trees for node in nodes(tree))
        self._key = DataKey(
            self._context, self._profile, {name for name, _ in self._texts}, has_audiences=bool(audiences)
        )
        self.audiences = audiences
        self._remembered: dict[Key, tuple[str, tuple[RuleFailure, ...]]] = {}

    @property
    def reads_profile(self) -> bool:
        return self._profile is not None

    def first_true(self, person: Person) -> tuple[str, tuple[RuleFailure, ...]]:
        key = self._key.of(person)
        if key is None:
            return self._evaluated(person)
        # The same data always gives the same answer, and most people have data that others have too.
        found = self._remembered.get(key)
        if found is None:
            found = self._evaluated(person)
            if len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[key] = found
        return found

    def _evaluated(self, person: Person) -> tuple[str, tuple[RuleFailure, ...]]:
        given: dict[str, Any] = {name: person[index] for name, index in self._texts}
        # Handing over a value costs more than an evaluation, so that only those are handed over that are read.
        if self._context is not None:
            given[CONTEXT] = _project(person.context, self._context)
        if self._profile is not None:
            given[PROFILE] = _project(person.profile, self._profile)
        if self._has_loops and any(is_larger(value, MAX_ELEMENTS) for value in given.values()):
            return "", tuple([RuleFailure(rule, FailureCause.OTHER) for rule, _ in self._rules])
        activation = self._environment.Activation(given, [_audience(person)] if self.audiences else [])
        failures: list[RuleFailure] = []
        for chunk in self._chunks:
            position = None if chunk.combined is None else _value(chunk.combined, activation)
            found = self._one_by_one(chunk, activation, failures) if type(position) is not int else position
            if chunk.start + found < chunk.end:
                return self._rules[chunk.start + found][0], tuple(failures)
        return "", tuple(failures)

    def _one_by_one(self, chunk: Chunk, activation: cel.Activation, failures: list[RuleFailure]) -> int:
        """Returns what the combined expression would give if no rule failed, and adds the failures."""
        for position, (rule, expression) in enumerate(self._rules[chunk.start : chunk.end]):
            result = _value(expression, activation)
            if result is True:
                return position
            if result is not False:
                # An error is a value too: its text.
                failures.append(RuleFailure(rule, cause_of(str(result))))
        return chunk.end - chunk.start


#: Some 150 KB at most. When there are more, the data differs from person to person, and remembering would not help.
_MOST_REMEMBERED = 500
#: Holds the names of texts, with their places in a person.
_TEXTS = ((IDENTITY, 2), (ADDRESS, 3), (LOCALE, 4))


def _audience(person: Person) -> cel.Function:
    return cel.Function(AUDIENCE, [cel.Type.STRING], False, person.audiences.__contains__, cel.Type.BOOL)


def _value(expression: cel.Expression, activation: cel.Activation) -> Any:
    try:
        return expression.eval(activation).value()
    except RuntimeError as error:
        # Such as loops that run too often together.
        return str(error)


def _projection_of(trees: Sequence[Node], name: str) -> Projection | None:
    paths = {path for tree in trees for path in paths_of(tree, name)}
    return projection(paths) if paths else None


def _project(value: Mapping[str, Any], members: Projection) -> dict[str, Any]:
    """Returns what is read of a value. All its numbers are doubles, as in the JSON of the call."""
    if not members:
        return {name: _doubles(each) for name, each in value.items()}
    return {
        name: _project(value[name], inner) if inner and isinstance(value[name], dict) else _doubles(value[name])
        for name, inner in members.items()
        if name in value
    }


def _doubles(value: Any) -> Any:
    if type(value) is int:
        return float(value)
    if isinstance(value, dict):
        return {name: _doubles(each) for name, each in value.items()}
    return [_doubles(each) for each in value] if isinstance(value, list) else value
