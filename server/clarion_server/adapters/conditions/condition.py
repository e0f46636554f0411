"""Evaluates compiled conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cel_expr_python import cel

from clarion_server.adapters.conditions.names import ATTRIBUTES, CONSENT
from clarion_server.domain.audiences.condition import ConditionReads, FailureCause
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentScope

_TEXT = cel.Type.STRING

#: Says how the texts of errors begin, with what they mean. The library gives an error no code that can be read.
_CAUSES = {
    "NOT_FOUND: Key not found in map": FailureCause.MISSING_VALUE,
    "UNKNOWN: Index error: index=": FailureCause.MISSING_VALUE,
    "UNKNOWN: No matching overloads": FailureCause.WRONG_TYPE,
    "UNKNOWN: Index error: expected": FailureCause.WRONG_TYPE,
    "INVALID_ARGUMENT: Applying SELECT to non-message type": FailureCause.WRONG_TYPE,
}

#: Holds the members of a map that are read, each with those that are read of it. It is empty for all of them.
Projection = dict[str, "Projection"]


class CelCondition:
    """Implements `Condition`."""

    def __init__(
        self, environment: cel.Env, expression: cel.Expression, reads: ConditionReads, max_elements: int | None
    ) -> None:
        """Limits by `max_elements` each list and map of the attributes. None stands for any number."""
        self.reads = reads
        self._max_elements = max_elements
        self._environment = environment
        self._expression = expression
        self._projection = projection(reads.attributes)

    def evaluate(
        self, attributes: Mapping[str, Any], values: Mapping[str, Any], choices: Mapping[ConsentScope, str]
    ) -> bool | FailureCause:
        # Handing over a value costs more than an evaluation, so that only those are handed over that are read.
        given = {ATTRIBUTES: _project(attributes, self._projection), **values}
        if self._max_elements is not None and is_larger(given[ATTRIBUTES], self._max_elements):
            return FailureCause.OTHER
        functions = [_consent(choices)] if choices else []
        try:
            result = self._expression.eval(self._environment.Activation(given, functions)).value()
        except RuntimeError:
            # Such as a list of more elements than an evaluation goes through.
            return FailureCause.OTHER
        # An error is a value too, and would be true as a condition of Python.
        return result if isinstance(result, bool) else cause_of(str(result))


def _consent(choices: Mapping[ConsentScope, str]) -> cel.Function:
    def consent(channel: str, topic: str) -> str:
        return choices[ConsentScope(Channel[channel], topic or None)]

    return cel.Function(CONSENT, [_TEXT, _TEXT], False, consent, _TEXT)


def cause_of(error: str) -> FailureCause:
    """Returns why an evaluation failed whose value is this text."""
    return next((cause for start, cause in _CAUSES.items() if error.startswith(start)), FailureCause.OTHER)


def is_larger(value: Any, max_elements: int) -> bool:
    """Returns whether a value is a list or map with more elements, or has one in it."""
    if not isinstance(value, (dict, list)):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return len(value) > max_elements or any(is_larger(part, max_elements) for part in parts)


def projection(paths: Iterable[tuple[str, ...]]) -> Projection:
    """Returns what is read of the attributes; of a path and one that goes on from it, all behind the shorter one."""
    root: Projection = {}
    # The longer paths come first, so that a shorter one empties what they have left.
    for path in sorted(paths, key=len, reverse=True):
        members = root
        for name in path[:-1]:
            members = members.setdefault(name, {})
        if path:
            members[path[-1]] = {}
        else:
            root.clear()
    return root


def _project(value: Mapping[str, Any], projection: Projection) -> Mapping[str, Any]:
    if not projection:
        return value
    return {
        name: _project(value[name], members) if isinstance(value[name], dict) else value[name]
        for name, members in projection.items()
        if name in value
    }
