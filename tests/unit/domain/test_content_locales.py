"""Tests the choice of a content's language: which one somebody gets, why, and that no script is crossed silently."""

from __future__ import annotations

import pytest
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.domain.languages.content_locale import ContentLocales, LocaleReason, circles
from clarion_server.domain.languages.language_tags import LocaleData, Subtags, read_locale
from clarion_server.domain.languages.locales import is_locale
from hypothesis import given
from hypothesis import strategies as st

DATA = locale_data()
DEFAULT, EXACT, SAME = LocaleReason.DEFAULT, LocaleReason.EXACT, LocaleReason.SAME
CHOSEN, PARENT, SIBLING = LocaleReason.CHOSEN, LocaleReason.PARENT, LocaleReason.SIBLING


def choice(offered: str, wanted: str, **fallbacks: list[str]) -> tuple[str, LocaleReason]:
    """Returns what whoever wants a locale gets of those offered, the first of which is the default."""
    by_tag = {tag.replace("_", "-"): tags for tag, tags in fallbacks.items()}
    found = ContentLocales(DATA, offered.split(), by_tag).choose(read_locale(wanted) or offered.split(maxsplit=1)[0])
    return found.locale, found.reason


@pytest.mark.parametrize(
    ("offered", "wanted", "expected"),
    [
        ("en de", "de", ("de", EXACT)),
        ("en de-AT", "DE-at", ("de-AT", EXACT)),
        ("en zh-CN", "zh-TW", ("en", DEFAULT)),
        ("en zh-Hant zh-Hans", "zh-TW", ("zh-Hant", SAME)),
        ("en zh-Hant zh-Hans", "zh-HK", ("zh-Hant", PARENT)),
        ("en zh-Hant zh-Hans", "zh-MO", ("zh-Hant", PARENT)),
        ("en zh-Hant zh-Hans", "zh", ("zh-Hans", SAME)),
        ("en zh-HK zh-TW", "zh-MO", ("zh-HK", PARENT)),
        ("en zh-TW zh-CN", "zh-Hant", ("zh-TW", SAME)),
        ("en zh-TW zh-CN", "zh_Hans_CN", ("zh-CN", SAME)),
        ("en zh-TW zh-CN", "zh-SG", ("zh-CN", SIBLING)),
        ("en zh-TW", "zh-HK", ("zh-TW", SIBLING)),
        ("en zh zh-Hant", "zh-Hant-TW", ("zh-Hant", SAME)),
        ("en sr ru", "sr-Latn-RS", ("en", DEFAULT)),
        ("en sr ru", "sr-ME", ("en", DEFAULT)),
        ("en sr-Latn", "sr_RS@latin", ("sr-Latn", SAME)),
        ("en pt-BR", "pt-PT", ("pt-BR", SIBLING)),
        ("pt pt-PT", "pt-AO", ("pt-PT", PARENT)),
        ("pt pt-PT", "pt-BR", ("pt", SAME)),
        ("en-US en-GB de", "en-AU", ("en-GB", SIBLING)),
        ("en-US en-GB de", "de_AT.UTF-8", ("de", PARENT)),
        ("en-US en-GB de", "C", ("en-US", EXACT)),
        ("en he", "iw", ("he", SAME)),
        ("en ro", "mo", ("ro", SAME)),
        ("en zh", "cmn", ("zh", SAME)),
        ("en sr-Latn", "sh", ("sr-Latn", SAME)),
        ("en nb", "no", ("nb", SAME)),
        ("en nb", "nn", ("nb", PARENT)),
        ("nb nn", "no-NO", ("nb", SAME)),
        ("en es es-419", "es-MX", ("es-419", PARENT)),
        ("en es-ES es-AR", "es-MX", ("es-AR", SIBLING)),
        ("de en-001", "en-IN", ("en-001", PARENT)),
        ("en fr", "ht", ("en", DEFAULT)),
        ("en de", "hi-Latn", ("en", DEFAULT)),
        ("en de-CH de-AT", "de", ("de-CH", SIBLING)),
        ("en de", "de-DE-u-co-phonebk-x-shop", ("de", SAME)),
        ("en de", "de-1901", ("de", SAME)),
        ("en de", "tlh", ("en", DEFAULT)),
    ],
)
def test_people_get_the_closest_content_and_its_reason(
    offered: str, wanted: str, expected: tuple[str, LocaleReason]
) -> None:
    assert choice(offered, wanted) == expected


def test_the_author_alone_leads_to_another_language_or_script() -> None:
    assert choice("en es", "ca-FR", ca=["es"]) == ("es", CHOSEN)
    assert choice("en sr ru", "sr-Latn-RS", sr_Latn=["sr"]) == ("sr", CHOSEN)
    assert choice("en sr ru", "sr-ME", sr_Latn=["sr"]) == ("sr", CHOSEN)
    assert choice("en de", "gsw", gsw=["fr", "de"]) == ("de", CHOSEN)


def test_fallbacks_lead_on_from_one_to_the_next_and_end_in_circles() -> None:
    assert choice("en de", "gsw", gsw=["als"], als=["de"]) == ("de", CHOSEN)
    assert choice("en de", "fr", fr=["it"], it=["fr"]) == ("en", DEFAULT)
    assert list(circles(DATA, {"fr": ("it",), "it": ("fr",), "ca": ("es",)})) == ["fr", "it"]


def test_a_fallback_of_a_language_that_is_offered_counts_for_none_of_its_regions() -> None:
    assert choice("en de fr", "de-CH", de=["fr"]) == ("de", PARENT)
    assert choice("en de-AT fr", "de-CH", de=["fr"]) == ("fr", CHOSEN)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("pt_BR", "pt-BR"),
        ("de_AT.UTF-8", "de-AT"),
        ("de_DE@euro", "de-DE"),
        ("sr_RS@latin", "sr-Latn-RS"),
        ("zh_Hant_TW", "zh-Hant-TW"),
        ("C", ""),
        ("POSIX", ""),
        ("C.UTF-8", ""),
        ("x-private", ""),
        ("deutsch!", None),
        ("", None),
        ("de_" + "x" * 50, None),
    ],
)
def test_tags_are_read_as_callers_write_them(text: str, read: str | None) -> None:
    assert read_locale(text) == read


SUBTAGS = st.tuples(
    st.sampled_from(sorted({key.partition("_")[0] for key in DATA.likely_subtags} - {"und"})),
    st.sampled_from(["", "Latn", "Cyrl", "Hant", "Hans", "Arab"]),
    st.sampled_from(["", "AT", "BR", "GB", "ME", "MX", "NO", "TW", "001", "419"]),
)
TAGS = SUBTAGS.map(lambda parts: "-".join(filter(None, parts)))


@given(TAGS)
def test_the_walk_to_the_parents_ends_and_keeps_the_script(tag: str) -> None:
    subtags = DATA.read(tag)
    assert subtags is not None
    ancestors = list(DATA.ancestors(subtags))
    assert len(ancestors) == len(set(ancestors)) <= 6
    assert len({each.script for each in ancestors}) == 1


@given(st.lists(TAGS, min_size=1, max_size=8, unique=True), TAGS, st.dictionaries(TAGS, st.lists(TAGS, max_size=3)))
def test_everybody_gets_an_offered_locale_and_no_other_script_silently(
    offered: list[str], wanted: str, fallbacks: dict[str, list[str]]
) -> None:
    found = ContentLocales(DATA, offered, fallbacks).choose(wanted)
    assert found.locale in offered
    if found.reason not in {DEFAULT, CHOSEN}:
        one, other = (DATA.read(tag) for tag in (found.locale, wanted))
        assert one is not None
        assert other is not None
        assert DATA.with_script(one).script == DATA.with_script(other).script


@given(st.text(max_size=60))
def test_whatever_is_read_is_a_tag(text: str) -> None:
    read = read_locale(text)
    assert not read or is_locale(read)


def test_no_more_tags_are_remembered_than_callers_may_fill_memory_with() -> None:
    locales = ContentLocales(DATA, ["en", "de"])
    for number in range(2_000):
        assert locales.choose(f"de-x-{number}").locale == "de"
    assert len(locales._remembered) == 1_000


def test_the_data_is_given_in() -> None:
    data = LocaleData({"xx": "xx_Latn_AA", "xx_BB": "xx_Cyrl_BB"}, {"old": "xx"}, {"CC": "AA"}, {"xx_AA": "xx_BB"})
    assert data.maximise(Subtags("xx")) == ("xx", "Latn", "AA")
    assert data.read("old-CC") == ("xx", "", "AA")
    assert [*data.ancestors(Subtags("xx", "", "AA"))] == [("xx", "Latn", "AA")]
    assert data.is_known("old")
    assert not data.is_known("yy")
