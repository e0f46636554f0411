"""The findings of one template, in words for authors."""

from __future__ import annotations

from jinja2 import nodes

from clarion_server.adapters.rendering.review.abstract_values import NEVER, AbstractValue, Cause, MissingReason
from clarion_server.adapters.rendering.review.json_types import ALL, SCALARS, Kind, Kinds, in_words
from clarion_server.domain.finding import Finding, FindingCode, Severity

_NOT_NULL = ALL - {Kind.NULL}

_WAYS_OUT = "Give it a default (`| default(…)`) or use it inside `{% if … %}`"

_REASONS = {
    Cause.NOT_REQUIRED: "the context schema does not require it",
    Cause.NULL: "the context schema allows null",
    Cause.NOT_AN_OBJECT: "what holds it need not be an object",
    Cause.NOT_A_LIST: "what holds it need not be a list",
    Cause.TOO_FEW: "the list may have too few entries",
    Cause.NOT_ALWAYS_SET: "it is not set on every way to this line",
    Cause.ANY_KEY: "nothing says that there is such an entry",
}

_CLOSED_ROOTS = frozenset({"campaign", "loop", "recipient"})

#: What may be missing outside the context, and why.
_OTHER_ROOTS = {
    "loop": "a loop's first turn has no previous entry, and its last one no next",
    "profile": "no profile needs to have it",
}

_SCHEMA_REMEDIES = {
    Cause.NOT_REQUIRED: ", or add it to `required`",
    Cause.NULL: ", or allow no null in the context schema",
    Cause.NOT_AN_OBJECT: ", or give what holds it `type: object` in the context schema",
    Cause.NOT_A_LIST: ", or give what holds it `type: array` in the context schema",
    Cause.TOO_FEW: ", or demand entries with `minItems`",
}


_MOST_FINDINGS = 100


class TooManyFindings(Exception):
    """The template has as many findings as anybody reads."""


class Report:
    """Collects findings, each once. Raises TooManyFindings beyond a hundred."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._findings: dict[Finding, None] = {}

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

    def present(self, shape: AbstractValue, line: int) -> AbstractValue:
        """The shape as it is when its use succeeds, after a finding when it may be missing."""
        if shape.doubt is None:
            return shape
        if shape.doubt.cause is Cause.UNKNOWN:
            self._unknown(shape.doubt, line)
            return NEVER
        self._may_be_missing(shape.doubt, line)
        return shape.certain()

    def usable(self, shape: AbstractValue, line: int, kinds: Kinds = _NOT_NULL, use: str = "") -> AbstractValue:
        """Present, not null, and of the kinds that the use takes; it reads `a loop needs`."""
        is_doubtful = shape.doubt is not None
        shape = self._not_null(self.present(shape, line), line, is_typed_later=kinds != _NOT_NULL)
        if not shape.promised_kinds - kinds or (is_doubtful and shape.kinds & kinds):
            return shape.narrowed(kinds)
        message = f"{_subject(shape)} {_is(shape)}; {use} {in_words(kinds)}."
        self.error(FindingCode.VARIABLE_WRONG_TYPE, line, message, _type_remedy(kinds))
        return NEVER

    def written(self, shape: AbstractValue, node: nodes.Node) -> None:
        """Reports what is wrong with a value that the template writes where `node` stands."""
        self.printable(shape, node.lineno)

    def printable(self, shape: AbstractValue, line: int) -> None:
        is_doubtful = shape.doubt is not None
        shape = self._not_null(self.present(shape, line), line, is_typed_later=True)
        kinds = shape.promised_kinds
        if is_doubtful and kinds & SCALARS:
            return
        if kinds - SCALARS:
            message = f"{_subject(shape)} {_is(shape)}; only texts and numbers can be printed."
            self.error(FindingCode.VARIABLE_NOT_PRINTABLE, line, message, _type_remedy(SCALARS - {Kind.BOOLEAN}))
        elif Kind.BOOLEAN in kinds:
            message = f"{_subject(shape)} {_is(shape)}, and would be printed as `True` or `False`."
            remedy = "Choose the words: `{{ 'yes' if … else 'no' }}`."
            self.warning(FindingCode.VARIABLE_NOT_PRINTABLE, line, message, remedy)

    def known(self, shape: AbstractValue, line: int) -> None:
        """For uses that allow a missing value: a name that no schema speaks of is still worth a word."""
        if shape.doubt is not None and shape.doubt.cause is Cause.UNKNOWN:
            message = f"{_nobody_knows(shape.doubt.path)}: the default or the check always decides."
            self.warning(FindingCode.VARIABLE_NOT_IN_SCHEMA, line, message, _unknown_remedy(shape.doubt))

    def _not_null(self, shape: AbstractValue, line: int, *, is_typed_later: bool) -> AbstractValue:
        """What may be anything at all gets one finding, about its type."""
        if Kind.NULL not in shape.kinds:
            return shape
        if shape.promised_kinds != ALL or not is_typed_later:
            self._may_be_missing(MissingReason(Cause.NULL, shape.path), line)
        return shape.narrowed(_NOT_NULL)

    def _unknown(self, doubt: MissingReason, line: int) -> None:
        message = f"{_nobody_knows(doubt.path)}."
        self.error(FindingCode.VARIABLE_NOT_IN_SCHEMA, line, message, _unknown_remedy(doubt))

    def _may_be_missing(self, doubt: MissingReason, line: int) -> None:
        subject = f"`{doubt.path}`" if doubt.path else "This value"
        reason, remedy = _REASONS[doubt.cause], _SCHEMA_REMEDIES.get(doubt.cause, "")
        root = _root(doubt.path)
        if root in _OTHER_ROOTS and doubt.cause in {Cause.NOT_REQUIRED, Cause.NULL}:
            reason, remedy = _OTHER_ROOTS[root], ""
        message = f"{subject} may be missing: {reason}."
        self.error(FindingCode.VARIABLE_MAY_BE_MISSING, line, message, f"{_WAYS_OUT}{remedy}.")


def _subject(shape: AbstractValue) -> str:
    return f"`{shape.path}`" if shape.path else "This value"


def _is(shape: AbstractValue) -> str:
    if shape.promised_kinds == _NOT_NULL:
        return "may be anything, for the context schema gives it no type"
    return f"is {in_words(shape.promised_kinds)}"


def _type_remedy(kinds: Kinds) -> str:
    return f"Use it in another way, or let the context schema say that it is {in_words(kinds)}."


def _nobody_knows(path: str) -> str:
    return f"There is no `{path}`" if _root(path) in _CLOSED_ROOTS else f"The context schema knows no `{path}`"


def _unknown_remedy(doubt: MissingReason) -> str:
    if _root(doubt.path) in _CLOSED_ROOTS:
        return f"Correct the name.{doubt.suggestion}"
    return f"Add it to the context schema, or correct the name.{doubt.suggestion}"


def _root(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]
