"""The rules of the filters over one text or one number: which values they take, and what they return."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.adapters.rendering.filters.numbers import CURRENCY
from clarion_server.adapters.rendering.filters.texts import MOST_DIGITS
from clarion_server.adapters.rendering.filters.times import STYLES, is_zone
from clarion_server.adapters.rendering.inference.abstract_values import NUMBER, TEXT, AbstractValue, any_of
from clarion_server.adapters.rendering.inference.filter_use import FilterRule, FilterUse, Parameter
from clarion_server.adapters.rendering.inference.json_types import ALL, COMPARABLE, NOT_NULL, NUMBERS, SCALARS, STRINGS
from clarion_server.adapters.rendering.inference.list_rules import LIST_RULES
from clarion_server.domain.finding import FindingCode


def _is_currency(constant: object) -> bool:
    return isinstance(constant, str) and CURRENCY.fullmatch(constant) is not None


def _is_digits(constant: object) -> bool:
    return type(constant) is int and 0 <= constant <= MOST_DIGITS


_DIGITS = Parameter("digits", NUMBERS, accepts=_is_digits, wanted=f"a whole number from 0 to {MOST_DIGITS}")
_PRECISION = Parameter("precision", NUMBERS, accepts=_is_digits, wanted=f"a whole number from 0 to {MOST_DIGITS}")
_METHOD = Parameter(
    "method", STRINGS, accepts=frozenset({"common", "ceil", "floor"}).__contains__, wanted="'common', 'ceil' or 'floor'"
)
_FORMAT = Parameter("format", STRINGS, accepts=STYLES.__contains__, wanted=f"one of {', '.join(STYLES)}")
_ZONE = Parameter("tz", STRINGS, accepts=is_zone, wanted="a time zone such as 'Europe/Paris'")
_CODE = Parameter(
    "currency", STRINGS, is_required=True, accepts=_is_currency, wanted="three capital letters such as 'EUR'"
)


def _text(_use: FilterUse) -> AbstractValue:
    return TEXT


def _number(_use: FilterUse) -> AbstractValue:
    return NUMBER


def _default(use: FilterUse) -> AbstractValue:
    """Returns the value or the default, which is the empty text when there is none. Null counts as missing."""
    use.evaluator.report.warn_of_unknown(use.value, use.line)
    otherwise = use.argument("default_value")
    return any_of([use.value.narrow(NOT_NULL).assume_present(), TEXT if otherwise is None else otherwise])


def _safe(use: FilterUse) -> AbstractValue:
    message = "`safe` writes the value into the HTML as it is."
    remedy = "Use it only for values that no outsider can write: they could hold any markup."
    use.evaluator.report.warning(FindingCode.TEMPLATE_UNSAFE, use.line, message, remedy)
    return TEXT


_PLAIN = FilterRule(SCALARS, _text)
_DEFAULT = FilterRule(ALL, _default, (Parameter("default_value", ALL), Parameter("boolean", ALL)), may_be_missing=True)
_MOMENT = FilterRule(COMPARABLE, _text, (_FORMAT, _ZONE))

FILTER_RULES: Mapping[str, FilterRule] = {
    **LIST_RULES,
    **dict.fromkeys(("capitalize", "e", "escape", "lower", "string", "title", "upper"), _PLAIN),
    "abs": FilterRule(NUMBERS, _number),
    "d": _DEFAULT,
    "date": _MOMENT,
    "datetime": _MOMENT,
    "default": _DEFAULT,
    "float": FilterRule(SCALARS, _number, (Parameter("default", NUMBERS),)),
    "int": FilterRule(SCALARS, _number, (Parameter("default", NUMBERS), Parameter("base", NUMBERS))),
    "money": FilterRule(COMPARABLE, _text, (_CODE,)),
    "number": FilterRule(COMPARABLE, _text, (_DIGITS,)),
    "percent": FilterRule(COMPARABLE, _text, (_DIGITS,)),
    "replace": FilterRule(
        SCALARS,
        _text,
        (
            Parameter("old", STRINGS, is_required=True),
            Parameter("new", STRINGS, is_required=True),
            Parameter("count", NUMBERS),
        ),
    ),
    "round": FilterRule(NUMBERS, _number, (_PRECISION, _METHOD)),
    "safe": FilterRule(SCALARS, _safe),
    "time": _MOMENT,
    "tojson": FilterRule(NOT_NULL, _text),
    "trim": FilterRule(SCALARS, _text, (Parameter("chars", STRINGS),)),
    "truncate": FilterRule(
        SCALARS,
        _text,
        (Parameter("length", NUMBERS), Parameter("killwords", ALL), Parameter("end", STRINGS)),
    ),
    "urlencode": _PLAIN,
    "wordcount": FilterRule(SCALARS, _number),
}
