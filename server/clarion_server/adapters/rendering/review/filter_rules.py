"""What the filters over single values take and give."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.adapters.rendering.locale_filters import CURRENCY
from clarion_server.adapters.rendering.review.abstract_values import NUMBER, TEXT, AbstractValue, any_of
from clarion_server.adapters.rendering.review.filter_use import FilterRule, FilterUse, Parameter
from clarion_server.adapters.rendering.review.json_types import ALL, NUMERIC, SCALARS, Kind
from clarion_server.adapters.rendering.review.json_types import TEXT as TEXT_KINDS
from clarion_server.adapters.rendering.review.list_rules import LIST_RULES
from clarion_server.adapters.rendering.text_filters import MOST_DIGITS
from clarion_server.adapters.rendering.time_filters import STYLES, is_zone
from clarion_server.domain.finding import FindingCode

_NOT_NULL = ALL - {Kind.NULL}
_AMOUNTS = NUMERIC | TEXT_KINDS


def _is_currency(value: object) -> bool:
    return isinstance(value, str) and CURRENCY.fullmatch(value) is not None


def _is_style(value: object) -> bool:
    return value in STYLES


def _is_method(value: object) -> bool:
    return value in {"common", "ceil", "floor"}


def _is_digits(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_DIGITS


_DIGITS = Parameter("digits", NUMERIC, accepts=_is_digits, wanted=f"a whole number from 0 to {MOST_DIGITS}")
_PRECISION = Parameter("precision", NUMERIC, accepts=_is_digits, wanted=f"a whole number from 0 to {MOST_DIGITS}")
_METHOD = Parameter("method", TEXT_KINDS, accepts=_is_method, wanted="'common', 'ceil' or 'floor'")
_FORMAT = Parameter("format", TEXT_KINDS, accepts=_is_style, wanted=f"one of {', '.join(STYLES)}")
_ZONE = Parameter("tz", TEXT_KINDS, accepts=is_zone, wanted="a time zone such as 'Europe/Paris'")
_CODE = Parameter(
    "currency", TEXT_KINDS, is_required=True, accepts=_is_currency, wanted="three capital letters such as 'EUR'"
)


def _text(_use: FilterUse) -> AbstractValue:
    return TEXT


def _number(_use: FilterUse) -> AbstractValue:
    return NUMBER


def _default(use: FilterUse) -> AbstractValue:
    """Without its argument it gives the empty text. Null counts as missing."""
    use.reader.report.known(use.shape, use.line)
    otherwise = use.argument("default_value")
    return any_of([use.shape.narrowed(_NOT_NULL).certain(), TEXT if otherwise is None else otherwise])


def _safe(use: FilterUse) -> AbstractValue:
    message = "`safe` writes the value into the HTML as it is."
    remedy = "Use it only for values that no outsider can write: they could hold any markup."
    use.reader.report.warning(FindingCode.TEMPLATE_UNSAFE, use.line, message, remedy)
    return TEXT


_PLAIN = FilterRule(SCALARS, _text)
_DEFAULT = FilterRule(ALL, _default, (Parameter("default_value", ALL), Parameter("boolean", ALL)), may_be_missing=True)
_TEXT_PARAMETER = Parameter("chars", TEXT_KINDS)
_MOMENT = FilterRule(_AMOUNTS, _text, (_FORMAT, _ZONE))

FILTER_RULES: Mapping[str, FilterRule] = {
    **LIST_RULES,
    **dict.fromkeys(("capitalize", "e", "escape", "lower", "string", "title", "upper"), _PLAIN),
    "abs": FilterRule(NUMERIC, _number),
    "d": _DEFAULT,
    "date": _MOMENT,
    "datetime": _MOMENT,
    "default": _DEFAULT,
    "float": FilterRule(SCALARS, _number, (Parameter("default", NUMERIC),)),
    "int": FilterRule(SCALARS, _number, (Parameter("default", NUMERIC), Parameter("base", NUMERIC))),
    "money": FilterRule(_AMOUNTS, _text, (_CODE,)),
    "number": FilterRule(_AMOUNTS, _text, (_DIGITS,)),
    "percent": FilterRule(_AMOUNTS, _text, (_DIGITS,)),
    "replace": FilterRule(
        SCALARS,
        _text,
        (
            Parameter("old", TEXT_KINDS, is_required=True),
            Parameter("new", TEXT_KINDS, is_required=True),
            Parameter("count", NUMERIC),
        ),
    ),
    "round": FilterRule(NUMERIC, _number, (_PRECISION, _METHOD)),
    "safe": FilterRule(SCALARS, _safe),
    "time": _MOMENT,
    "tojson": FilterRule(_NOT_NULL, _text),
    "trim": FilterRule(SCALARS, _text, (_TEXT_PARAMETER,)),
    "truncate": FilterRule(
        SCALARS,
        _text,
        (Parameter("length", NUMERIC), Parameter("killwords", ALL), Parameter("end", TEXT_KINDS)),
    ),
    "urlencode": _PLAIN,
    "wordcount": FilterRule(SCALARS, _number),
}
