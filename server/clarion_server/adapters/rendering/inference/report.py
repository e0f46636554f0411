"""Collects the findings of one template, in words for authors."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from clarion_server.adapters.rendering.inference.abstract_values import NEVER, AbstractValue
from clarion_server.adapters.rendering.inference.json_types import (
    ALL,
    COMPARABLE,
    NOT_NULL,
    SCALARS,
    JsonType,
    JsonTypes,
    in_words,
)
from clarion_server.adapters.rendering.inference.missing import Cause, MissingReason
from clarion_server.domain.finding import Finding, FindingCode, Severity

_MOST_FINDINGS = 100

_REMEDY = "Give it a default (`| default(…)`) or use it inside `{% if … %}`"

_REASONS = {
    Cause.NOT_REQUIRED: "the context schema does not require it",
    Cause.NULL: "the context schema allows null",
    Cause.NOT_AN_OBJECT: "the value that holds it need not be an object",
    Cause.NOT_A_LIST: "the value that holds it need not be a list",
    Cause.TOO_FEW: "the list may have too few entries",
    Cause.NOT_ALWAYS_SET: "not every branch before this line sets it",
    Cause.ANY_KEY: "nothing says that there is such an entry",
}

_SCHEMA_REMEDIES = {
    Cause.NOT_REQUIRED: ", or add it to `required`",
    Cause.NULL: ", or allow no null in the context schema",
    Cause.NOT_AN_OBJECT: ", or give the value that holds it `type: object` in the context schema",
    Cause.NOT_A_LIST: ", or give the value that holds it `type: array` in the context schema",
    Cause.TOO_FEW: ", or require entries with `minItems`",
}

#: Variables whose members are fixed.
_FIXED_ROOTS = frozenset({"campaign", "loop", "recipient"})

#: Says why members of variables beside the context may be missing.
_REASONS_OF_ROOTS = {
    "loop": "a loop's first turn has no previous entry, and its last turn has no next one",
    "profile": "a profile need not have it",
}


class TooManyFindings(Exception):
    """The template has more findings than anybody reads."""


class Report:
    """Collects findings, each once. Every method raises TooManyFindings beyond a hundred."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._findings: dict[Finding, None] = {}
        self.used_texts: list[Any] = []
        """The texts of translations that the template writes."""

    @property
    def findings(self) -> list[Finding]:
        return list(self._findings)

    def error(self, code: FindingCode, line: int, message: str, remedy: str) -> None:
        self._add(Finding(Severity.ERROR, code, self._field, message, remedy, line))

    def warning(self, code: FindingCode, line: int, message: str, remedy: str) -> None:
        self._add(Finding(Severity.WARNING, code, self._field, message, remedy, line))

    def _add(self, finding: Finding) -> None:
        if len(self._findings) >= _MOST_FINDINGS:
            raise TooManyFindings
        self._findings[finding] = None

    def require_present(self, value: AbstractValue, line: int) -> AbstractValue:
        """Reports when a value may be missing, and returns the value as it is when its use succeeds."""
        if value.missing is None:
            return value
        if value.missing.cause is Cause.UNKNOWN:
            self._report_unknown(value.missing, line)
            return NEVER
        self._report_missing(value.missing, line)
        return value.assume_present()

    def require(self, value: AbstractValue, line: int, types: JsonTypes = NOT_NULL, use: str = "") -> AbstractValue:
        """Reports when a value may be missing, null or of another type than its use takes, such as `a loop needs`.

        Returns the value as it is when its use succeeds.
        """
        may_be_missing = value.missing is not None
        value = self._require_not_null(self.require_present(value, line), line, is_typed_later=types != NOT_NULL)
        if not value.promised_types - types or (may_be_missing and value.types & types):
            return value.narrow(types)
        message = f"{_subject(value)} {_is(value)}; {use} {in_words(types)}."
        self.error(FindingCode.VARIABLE_WRONG_TYPE, line, message, _type_remedy(types))
        return NEVER

    def written(self, value: AbstractValue, node: nodes.Node) -> None:
        """Reports what is wrong with a value that the template writes where `node` stands."""
        self.require_printable(value, node.lineno)

    def require_printable(self, value: AbstractValue, line: int) -> None:
        """Reports when a value may be missing, or cannot be printed."""
        may_be_missing = value.missing is not None
        value = self._require_not_null(self.require_present(value, line), line, is_typed_later=True)
        types = value.promised_types
        if may_be_missing and types & SCALARS:
            return
        if types - SCALARS:
            message = f"{_subject(value)} {_is(value)}; only texts and numbers can be printed."
            self.error(FindingCode.VARIABLE_NOT_PRINTABLE, line, message, _type_remedy(COMPARABLE))
        elif JsonType.BOOLEAN in types:
            message = f"{_subject(value)} {_is(value)}, and would be printed as `True` or `False`."
            remedy = "Choose the words: `{{ 'yes' if … else 'no' }}`."
            self.warning(FindingCode.VARIABLE_NOT_PRINTABLE, line, message, remedy)

    def warn_of_unknown(self, value: AbstractValue, line: int) -> None:
        """Warns of a name that no schema has, where the value may be missing: the default would always be taken."""
        if value.missing is not None and value.missing.cause is Cause.UNKNOWN:
            message = f"{_there_is_no(value.missing.path)}: the default would always be taken."
            self.warning(FindingCode.VARIABLE_NOT_IN_SCHEMA, line, message, _unknown_remedy(value.missing))

    def _require_not_null(self, value: AbstractValue, line: int, *, is_typed_later: bool) -> AbstractValue:
        """Reports when a value may be null. A value that may be anything gets one finding, about its type."""
        if JsonType.NULL not in value.types:
            return value
        if value.promised_types != ALL or not is_typed_later:
            self._report_missing(MissingReason(Cause.NULL, value.path), line)
        return value.narrow(NOT_NULL)

    def _report_unknown(self, missing: MissingReason, line: int) -> None:
        message = f"{_there_is_no(missing.path)}."
        self.error(FindingCode.VARIABLE_NOT_IN_SCHEMA, line, message, _unknown_remedy(missing))

    def _report_missing(self, missing: MissingReason, line: int) -> None:
        subject = f"`{missing.path}`" if missing.path else "This value"
        reason, remedy = _REASONS[missing.cause], _SCHEMA_REMEDIES.get(missing.cause, "")
        root = _root(missing.path)
        if root in _REASONS_OF_ROOTS and missing.cause in {Cause.NOT_REQUIRED, Cause.NULL}:
            reason, remedy = _REASONS_OF_ROOTS[root], ""
        message = f"{subject} may be missing: {reason}."
        self.error(FindingCode.VARIABLE_MAY_BE_MISSING, line, message, f"{_REMEDY}{remedy}.")


def _subject(value: AbstractValue) -> str:
    return f"`{value.path}`" if value.path else "This value"


def _is(value: AbstractValue) -> str:
    if value.promised_types == NOT_NULL:
        return "may be of any type, for the context schema gives it none"
    return f"is {in_words(value.promised_types)}"


def _type_remedy(types: JsonTypes) -> str:
    return f"Use it in another way, or let the context schema say that it is {in_words(types)}."


def _there_is_no(path: str) -> str:
    return f"There is no `{path}`" if _root(path) in _FIXED_ROOTS else f"The context schema has no `{path}`"


def _unknown_remedy(missing: MissingReason) -> str:
    if _root(missing.path) in _FIXED_ROOTS:
        return f"Correct the name.{missing.suggestion}"
    return f"Add it to the context schema, or correct the name.{missing.suggestion}"


def _root(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]
