"""Writes numbers by Babel's rules for a locale, ten times as fast: the rules are read once for each format."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from unicodedata import category

from babel import Locale
from babel.numbers import NumberPattern, get_currency_precision, get_currency_symbol, parse_pattern

Format = Callable[[Decimal], str]

#: Keeps all digits of a percentage of a number with 64 digits; Python's own context rounds to 28.
_EXACT = Context(prec=100)

#: Numbers of every length, sign and rounding, for which the quick format must agree with Babel.
_SAMPLES = (
    *map(Decimal, ("0", "1", "-1", "0.1", "0.005", "-0.001", "10", "12.5", "-999", "999.995", "1000", "1234.5")),
    *map(Decimal, ("-12345.678", "123456", "1234567.891", "98765432109.87")),
)


#: Where the Unicode CLDR, and so Babel, has other digits than ISO 4217: it omits those that no coin stands for.
_ISO_DIGITS = {"IQD": 3} | dict.fromkeys(
    ("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SLL", "SOS", "SYP", "YER"), 2
)


@lru_cache(maxsize=4096)
def money_format(locale: Locale, currency: str) -> Format:
    digits = _ISO_DIGITS.get(currency, get_currency_precision(currency))
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    symbol = get_currency_symbol(currency, locale)

    def by_babel(amount: Decimal) -> str:
        with localcontext(_EXACT):
            return _spaced(str(pattern.apply(amount, locale, currency=currency, currency_digits=False)), symbol)

    # A code that the locale does not know is a mistake, and each may be another one: it gets no quick format.
    return _quickest(by_babel, digits, digits) if currency in locale.currencies else by_babel


def _spaced(text: str, symbol: str) -> str:
    """Puts a space between a digit and a letter of the currency, as CLDR's `currencySpacing` asks for: `CHF 1.50`."""
    before, found, after = text.partition(symbol)
    if not found:
        return text
    left = "\xa0" if before[-1:].isdigit() and not _is_sign(symbol[0]) else ""
    right = "\xa0" if after[:1].isdigit() and not _is_sign(symbol[-1]) else ""
    return f"{before}{left}{symbol}{right}{after}"


def _is_sign(character: str) -> bool:
    """Returns whether a character is a symbol or a space by its Unicode category."""
    return category(character)[0] in "SZ"


@lru_cache(maxsize=1024)
def number_format(locale: Locale, digits: int | None) -> Format:
    """Returns a format with `digits` digits after the point, or with as many as there are, up to three."""
    pattern = parse_pattern(locale.decimal_formats[None].pattern)
    if digits is not None:
        pattern.frac_prec = (digits, digits)
    return _quickest(_by(pattern, locale), *pattern.frac_prec)


@lru_cache(maxsize=1024)
def percent_format(locale: Locale, digits: int) -> Format:
    pattern = parse_pattern(locale.percent_formats[None].pattern)
    pattern.frac_prec = (digits, digits)
    return _quickest(_by(pattern, locale), digits, digits, scale=Decimal(100))


def _by(pattern: NumberPattern, locale: Locale) -> Format:
    def by_babel(amount: Decimal) -> str:
        with localcontext(_EXACT):
            return str(pattern.apply(amount, locale))

    return by_babel


def _quickest(by_babel: Format, least_digits: int, most_digits: int, scale: Decimal = Decimal(1)) -> Format:
    """Returns a quick format where it writes the samples as Babel does, else Babel's own."""
    quick = QuickFormat(by_babel, least_digits, most_digits, scale)
    agree = all(quick(sample / scale) == by_babel(sample / scale) for sample in _SAMPLES)
    return quick if agree else by_babel


class QuickFormat:
    """Takes the separators from what Babel writes for 1 and 1,234,567, and formats other numbers with Python."""

    __slots__ = ("_ends", "_least_digits", "_scale", "_separators", "_template")

    def __init__(self, by_babel: Format, least_digits: int, most_digits: int, scale: Decimal) -> None:
        self._least_digits = least_digits if least_digits != most_digits else None
        self._scale = scale
        self._template = f",.{most_digits}f"
        self._ends = (_ends(by_babel(1 / scale)), _ends(by_babel(-1 / scale)))
        self._separators = _separators(by_babel, scale)

    def __call__(self, amount: Decimal) -> str:
        prefix, suffix = self._ends[amount.is_signed()]
        text = format(_EXACT.multiply(amount, self._scale).copy_abs(), self._template)
        if self._least_digits is not None:
            text = _without_zeros(text, self._least_digits)
        return f"{prefix}{text.translate(self._separators)}{suffix}"


def _ends(one: str) -> tuple[str, str]:
    """Returns what stands before and behind a number that is written as 1, 1.0 or 1.00."""
    prefix, _, rest = one.partition("1")
    return prefix, rest[rest.rfind("0") + 1 :]


def _separators(by_babel: Format, scale: Decimal) -> dict[int, str]:
    """Returns the group separator and the decimal point."""
    million = by_babel(Decimal("1234567.5") / scale)
    tail = million.partition("567")[2]
    return {ord(","): million.partition("1")[2].partition("2")[0], ord("."): tail.partition("5")[0]}


def _without_zeros(text: str, least_digits: int) -> str:
    whole, _, fraction = text.partition(".")
    fraction = fraction[:least_digits] + fraction[least_digits:].rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
