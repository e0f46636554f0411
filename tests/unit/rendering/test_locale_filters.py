"""Money, numbers and times, as people of the message's locale write them."""

from __future__ import annotations

import random
import zoneinfo
from datetime import date, datetime, time
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent
from clarion_server.adapters.rendering.evaluation.values import RenderRefused
from clarion_server.adapters.rendering.filters.number_formats import money_format, number_format, percent_format
from clarion_server.adapters.rendering.filters.times import read_moment
from clarion_server.adapters.rendering.languages.locales import locale_of
from clarion_server.adapters.rendering.schemas.check import JsonSchema
from clarion_server.application.ports.content import RenderingFailed

from tests.unit.rendering.contents import text_of

INSTANT = "2026-11-22T07:05:00Z"


def plain(text: str) -> str:
    """Replaces the special spaces of locales, which no reader of a test can tell apart."""
    return text.replace("\xa0", " ").replace("\u202f", " ").replace("\u200f", "")


@pytest.mark.parametrize(
    ("locale", "template", "text"),
    [
        ("en", "{{ 1234.5 | money('EUR') }}", "€1,234.50"),
        ("de", "{{ 1234.5 | money('EUR') }}", "1.234,50 €"),
        ("pt-BR", "{{ 1234.5 | money('BRL') }}", "R$ 1.234,50"),
        ("en-IN", "{{ 1234567 | money('INR') }}", "₹12,34,567.00"),
        ("ja", "{{ 1234.5 | money('JPY') }}", "\uffe51,234"),
        ("en", "{{ -3 | money('USD') }}", "-$3.00"),
        ("en", "{{ '12.30' | money('USD') }}", "$12.30"),
        ("en", "{{ 12 | money('XYZ') }}", "XYZ 12.00"),
        ("en", "{{ 1234.5 | money('CHF') }}", "CHF 1,234.50"),
        ("en", "{{ -1234.5 | money('CHF') }}", "-CHF 1,234.50"),
        ("en", "{{ 1 | money('CAD') }}", "CA$1.00"),
        ("de-CH", "{{ 1 | money('CHF') }}", "CHF 1.00"),
        ("en", "{{ 1234.5 | money('ALL') }}", "ALL 1,234.50"),
        ("en", "{{ 1234.5 | money('LBP') }}", "LBP 1,234.50"),
        ("en", "{{ 1234.5 | money('MMK') }}", "MMK 1,234.50"),
        ("en", "{{ 1234.5 | money('IQD') }}", "IQD 1,234.500"),
        ("en", "{{ 1234.5 | money('KRW') }}", "₩1,234"),
        ("en", "{{ 1 | money('CLF') }}", "CLF 1.0000"),
        ("en", "{{ '123456789012345678901234567890' | money('EUR') }}", "€123,456,789,012,345,678,901,234,567,890.00"),
        (
            "en",
            "{{ '123456789012345678901234567890' | money('XQQ') }}",
            "XQQ 123,456,789,012,345,678,901,234,567,890.00",
        ),
        ("en", "{{ '12345678901234567890.123456789012' | percent(10) }}", "1,234,567,890,123,456,789,012.3456789012%"),
        ("fr", "{{ 1234567.891 | number }}", "1 234 567,891"),
        ("en", "{{ 1234 | number }}", "1,234"),
        ("en", "{{ 2.0 | number }}", "2"),
        ("en", "{{ 2 | number(2) }}", "2.00"),
        ("en", "{{ 2.567 | number(digits=1) }}", "2.6"),
        ("en", "{{ 0.25 | percent }}", "25%"),
        ("de", "{{ 0.256 | percent(1) }}", "25,6 %"),
        ("en", "{{ context.t | date }}", "Nov 22, 2026"),
        ("de", "{{ context.t | date('long') }}", "22. November 2026"),
        ("pt-BR", "{{ context.t | date(format='short') }}", "22/11/2026"),
        ("ja", "{{ context.t | date('full') }}", "2026年11月22日日曜日"),
        ("en", "{{ '2026-11-22' | date }}", "Nov 22, 2026"),
        ("en", "{{ context.t | time }}", "7:05 AM"),
        ("de", "{{ context.t | time(tz='Europe/Berlin') }}", "08:05"),
        ("en", "{{ context.t | datetime }}", "Nov 22, 2026, 7:05 AM"),
        ("en", "{{ context.t | datetime('short', tz='Asia/Tokyo') }}", "11/22/26, 4:05 PM"),
        ("en", "{{ '2026-11-22T23:30:00-05:00' | date }}", "Nov 22, 2026"),
        ("en", "{{ '2026-11-22T23:30:00-05:00' | date(tz='UTC') }}", "Nov 23, 2026"),
        ("en", "{{ '2026-11-22 07:05:00Z' | time }}", "7:05 AM"),
        ("en", "{{ 0 | datetime }}", "Jan 1, 1970, 12:00 AM"),
        ("en", "{{ 1795331100.5 | date }}", "Nov 22, 2026"),
        ("en", "{{ '07:05:00Z' | time }}", "7:05 AM"),
        ("de", "{{ '07:05:00.123+02:00' | time('full') }}", "07:05:00 GMT+02:00"),
        ("en", "{{ '2026-12-31T23:59:60Z' | datetime('medium') }}", "Dec 31, 2026, 11:59:59 PM"),
        ("en", "{{ '2026-12-31T15:59:60-08:00' | date }}", "Dec 31, 2026"),
        ("en", "{{ '2026-11-22T07:05:00.1234567890Z' | time }}", "7:05 AM"),
    ],
)
def test_filters_write_for_people_of_the_locale(locale: str, template: str, text: str) -> None:
    assert plain(text_of(template, {"t": INSTANT}, locale)) == text


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ context.x | money('EUR') }}", "twelve"),
        ("{{ context.x | money('EUR') }}", "NaN"),
        ("{{ context.x | money('EUR') }}", "1e40"),
        ("{{ context.x | money('EUR') }}", True),
        ("{{ context.x | money('EUR') }}", [1]),
        ("{{ 1 | money(context.x) }}", "eur"),
        ("{{ 1 | money(context.x) }}", "EURO"),
        ("{{ 1 | number(context.x) }}", 99),
        ("{{ context.x | date }}", "tomorrow"),
        ("{{ context.x | date }}", "2026-11-22T07:05:00"),
        ("{{ context.x | date }}", "2026-13-01"),
        ("{{ context.x | date }}", "20261122"),
        ("{{ context.x | date }}", 1e300),
        ("{{ context.x | time }}", "2026-11-22"),
        ("{{ context.x | date }}", "07:05:00Z"),
        ("{{ context.x | datetime }}", "07:05:00Z"),
        ("{{ context.x | time(tz='Europe/Berlin') }}", "07:05:00Z"),
        ("{{ context.x | time }}", "07:05:00"),
        ("{{ context.x | time }}", "12:59:60Z"),
        ("{{ context.x | time }}", "_"),
        ("{{ 0 | date(context.x) }}", "huge"),
        ("{{ 0 | date(tz=context.x) }}", "Mars/Olympus"),
        ("{{ 0 | date(tz=context.x) }}", "../../etc/passwd"),
        ("{{ 0 | date(tz=context.x) }}", ["UTC"]),
    ],
)
def test_what_is_not_a_number_or_a_time_is_refused_without_showing_it(template: str, value: Any) -> None:
    with pytest.raises(RenderingFailed) as caught:
        text_of(template, {"x": value})
    assert str(value) not in caught.value.detail
    assert "does not fit" not in caught.value.detail, "the author gets a sentence, not the name of a Python error"


@pytest.mark.parametrize(
    ("tag", "default", "found"),
    [
        ("pt-BR", "en", "pt_BR"),
        ("pt-XX", "en", "pt"),
        ("pt_BR", "en", "pt_BR"),
        ("zh-Hant-HK", "en", "zh_Hant_HK"),
        ("de-CH-1901", "en", "de_CH"),
        ("xx-YY", "de-AT", "de_AT"),
        ("", "fr", "fr"),
        ("not a locale", "neither", "en"),
        ("../../x", "en", "en"),
        ("en-" + "x" * 500, "de", "en"),
    ],
)
def test_locales_fall_back_towards_the_default_and_never_fail(tag: str, default: str, found: str) -> None:
    assert str(locale_of(tag, default)) == found


@pytest.mark.parametrize(
    "tag", ["en", "de", "de_CH", "fr", "pt_PT", "es", "pl", "hi", "ar", "fa", "bn", "ja", "sv", "en_ZA"]
)
def test_the_quick_format_writes_numbers_as_babel_does(tag: str) -> None:
    locale, randomness = Locale.parse(tag), random.Random(tag)
    for _ in range(100):
        amount = Decimal(randomness.randrange(-(10**12), 10**12)) / 10 ** randomness.randrange(12)
        for currency in ("EUR", "JPY", "KWD"):
            # Babel leaves out the space between a digit and a letter of the currency.
            written = format_currency(amount, currency, locale=locale).replace("\xa0", "")
            assert money_format(locale, currency)(amount).replace("\xa0", "") == written
        assert number_format(locale, None)(amount) == format_decimal(amount, locale=locale)
        assert percent_format(locale, 0)(amount) == format_percent(amount, locale=locale)


def test_a_zone_that_the_machine_alone_has_is_none(tmp_path: Path) -> None:
    (tmp_path / "house").write_bytes(files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes())
    zoneinfo.reset_tzpath([str(tmp_path)])
    try:
        assert zoneinfo.ZoneInfo("house") is not None
        with pytest.raises(RenderingFailed):
            text_of("{{ 0 | time(tz=context.x) }}", {"x": "house"})
    finally:
        zoneinfo.reset_tzpath()


RENAMED = {
    "Asia/Ho_Chi_Minh": "Indochina Time",
    "Asia/Kathmandu": "Nepal Time",
    "Asia/Kolkata": "India Standard Time",
    "Asia/Yangon": "Myanmar Time",
    "America/Argentina/Buenos_Aires": "Argentina Standard Time",
    "America/Indiana/Indianapolis": "Eastern Standard Time",
    "Europe/Kyiv": "Eastern European Standard Time",
    "Europe/Kiev": "Eastern European Standard Time",
    "Pacific/Chuuk": "Chuuk Time",
}


@pytest.mark.parametrize(("zone", "name"), RENAMED.items())
def test_zones_have_their_full_names_under_the_names_that_iana_gave_them(zone: str, name: str) -> None:
    written = text_of("{{ context.t | time('full', tz='" + zone + "') }}", {"t": INSTANT})
    assert written.endswith(name)


#: Texts of the formats `date-time`, `date` and `time`, right and nearly right.
MOMENTS = [
    f"{day}{joint}{time}{fraction}{offset}"
    for day in ("", "2026-11-22", "2024-02-29", "2026-02-29", "2026-12-31", "20261122", "٢٠٢٦-11-22")
    for joint in ("", "T", "t", "_")
    for time in ("", "07:05:00", "23:59:60", "12:59:60", "00:59:60", "24:00:00", "07:05", "7:05:00", "07:05:61")
    for fraction in ("", ".5", ".1234567890", ".", ",5")
    for offset in ("", "Z", "z", "+01:00", "-00:00", "+23:59", "+24:00", "+05:60", "+0530", "-08:00")
]


def test_the_filters_take_exactly_the_texts_that_the_schema_takes() -> None:
    formats = [JsonSchema({"type": "object", "properties": {"x": {"format": name}}}) for name in FORMATS]
    for text in MOMENTS:
        accepted = [not schema.violations({"x": text}) for schema in formats]
        assert [_is_read(text, kind) for kind in FORMATS.values()] == accepted, text


FORMATS = {"date-time": datetime, "date": date, "time": time}


def _is_read(text: str, kind: type) -> bool:
    try:
        return type(read_moment(text)) is kind
    except RenderRefused:
        return False
