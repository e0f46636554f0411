"""Texts from translators: .po and JSON, as the tools of others write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po as babel_read_po
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.catalogues import read_catalogue
from clarion_server.transport.cli.files.plural_expressions import PluralFormsInvalid, read_plural_forms
from clarion_server.transport.cli.files.po_catalogues import PoImport, categories_of, export_po, import_po

DEFAULT = {"hello": "Hello {name}", "items": {"one": "{count} item", "other": "{count} items"}, "open": "Open"}


def imported(body: str, plural: str = "", locale: str = "de", default: dict[str, Any] | None = None) -> PoImport:
    header = f'msgid ""\nmsgstr ""\n"Language: {locale}\\n"\n' + (f'"Plural-Forms: {plural}\\n"\n' if plural else "")
    return import_po("x.po", f"{header}\n{body}", locale, default or DEFAULT)


def items(*forms: str) -> str:
    lines = "".join(f'msgstr[{index}] "{form}"\n' for index, form in enumerate(forms))
    return f'msgctxt "items"\nmsgid "{{count}} item"\nmsgid_plural "{{count}} items"\n{lines}'


def test_entries_are_found_by_context_then_by_key_then_by_a_text_that_is_the_only_one() -> None:
    body = 'msgctxt "hello"\nmsgid "x"\nmsgstr "a"\n\nmsgid "open"\nmsgstr "b"\n'
    assert imported(body).texts == {"hello": "a", "open": "b"}
    assert imported('msgid "Hello {name}"\nmsgstr "c"\n').texts == {"hello": "c"}
    twice = {"a": "Open", "b": "Open"}
    assert imported('msgid "Open"\nmsgstr "d"\n', default=twice).unknown == 1


def test_two_entries_of_one_text_are_two_keys_by_their_contexts() -> None:
    body = 'msgctxt "a"\nmsgid "Open"\nmsgstr "Offen"\n\nmsgctxt "b"\nmsgid "Open"\nmsgstr "Öffnen"\n'
    assert imported(body, default={"a": "Open", "b": "Open"}).texts == {"a": "Offen", "b": "Öffnen"}


def test_fuzzy_obsolete_and_empty_entries_are_counted_and_not_used() -> None:
    body = '#, fuzzy\nmsgctxt "hello"\nmsgid "Hello {name}"\nmsgstr "alt"\n\n'
    assert (imported(body).texts, imported(body).fuzzy) == ({}, 1)
    good = body + 'msgctxt "hello"\nmsgid "Hello {name}"\nmsgstr "gut"\n'
    assert (imported(good).texts, imported(good).fuzzy) == ({"hello": "gut"}, 1)
    rest = imported('msgctxt "open"\nmsgid "Open"\nmsgstr ""\n\n#~ msgctxt "hello"\n#~ msgid "x"\n#~ msgstr "y"\n')
    assert (rest.texts, rest.missing, rest.obsolete) == ({}, 1, 1)


def test_texts_of_several_lines_with_escapes_are_read_as_babel_reads_them(tmp_path: Path) -> None:
    body = 'msgctxt "hello"\nmsgid ""\n"Hello "\n"{name}"\nmsgstr ""\n"Guten \\"Tag\\"\\n"\n"{name}\\t\\\\"\n'
    assert imported(body).texts == {"hello": 'Guten "Tag"\n{name}\t\\'}
    path = tmp_path / "x.po"
    path.write_text(body)
    with path.open("rb") as file:
        (message,) = [each for each in babel_read_po(file) if each.id]
    assert (message.context, message.id, message.string) == ("hello", "Hello {name}", 'Guten "Tag"\n{name}\t\\')


@pytest.mark.parametrize(
    ("locale", "plural", "forms", "expected"),
    [
        ("fr", "nplurals=2; plural=(n > 1);", ("a", "b"), {"one": "a", "many": "b", "other": "b"}),
        ("fr", "nplurals=3; plural=(n==0 || n==1) ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2", ("a", "m", "b"),
         {"one": "a", "many": "m", "other": "b"}),
        ("de", "nplurals=2; plural=n != 1", ("a", "b"), {"one": "a", "other": "b"}),
        ("ja", "nplurals=2; plural=(n != 1);", ("a", "a"), "a"),
        ("pl", "nplurals=3; plural=n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2;", ("a", "b", "c"),
         {"one": "a", "few": "b", "many": "c", "other": "c"}),
    ],
)  # fmt: skip
def test_forms_become_the_categories_of_the_language(
    locale: str, plural: str, forms: tuple[str, ...], expected: Any
) -> None:
    found = imported(items(*forms), plural, locale)
    assert found.texts == {"items": expected}
    assert found.warnings == (
        ["'items' has no form for fractions: 'many' is taken for 'other'."] if locale == "pl" else []
    )


def test_more_forms_than_the_language_has_are_refused_with_the_texts() -> None:
    with pytest.raises(CommandFailed) as refused:
        imported(items("a", "b"), "nplurals=2; plural=(n != 1);", "ja")
    assert refused.value.problems[0].where == "x.po:6"
    assert "'a' and 'b'" in refused.value.problems[0].text


def test_a_header_that_nobody_filled_in_means_the_order_of_the_cldr() -> None:
    for plural in ("nplurals=INTEGER; plural=EXPRESSION;", ""):
        found = imported(items("a", "b"), plural)
        assert found.texts == {"items": {"one": "a", "other": "b"}}
        assert "order of the CLDR" in found.warnings[0]


@pytest.mark.parametrize(
    "plural",
    [
        "nplurals=2; plural=__import__('os');",
        "nplurals=2; plural=n.real;",
        "nplurals=2; plural=n+5;",
        "nplurals=2; plural=1/0;",
        "nplurals=2; plural=n **2;",
        "nplurals=0; plural=0;",
        "nplurals=2; plural=(n;",
        "nplurals=2; plural=n ? 1;",
        "nplurals=2; plural=;",
        f"nplurals=2; plural={'(' * 5000}n{')' * 5000};",
    ],
)
def test_what_is_no_rule_is_refused_with_its_line(plural: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        imported(items("a", "b"), plural)
    assert refused.value.problems[0].where == "x.po:1"


def test_expressions_mean_what_they_mean_in_c() -> None:
    _, rule = read_plural_forms(
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : !(n<11) ? 4 : 5"
    )
    assert [rule(n) for n in (0, 1, 2, 5, 11, 103)] == [0, 1, 2, 3, 4, 3]
    with pytest.raises(PluralFormsInvalid):
        read_plural_forms("plural=n")


def test_what_is_exported_comes_back(tmp_path: Path) -> None:
    for locale in ("de", "fr", "pl", "ar", "ja"):
        forms = {category: f"{category} {{count}}" for category in categories_of(locale)}
        plural = forms if len(forms) > 1 else forms["other"]
        texts = {"hello": 'Hallo "{name}"\n', "items": plural, "open": "Offen"}
        exported = export_po(locale, DEFAULT, texts)
        found = import_po("x.po", exported, locale, DEFAULT)
        # gettext counts whole numbers alone, and has no form for what only fractions reach.
        assert found.texts["hello"] == texts["hello"]
        assert set(found.texts) == set(texts)
        path = tmp_path / f"{locale}.po"
        path.write_text(exported)
        with path.open("rb") as file:
            assert {message.context for message in babel_read_po(file) if message.id} == set(texts)
    missing = import_po("x.po", export_po("de", DEFAULT, {}), "de", DEFAULT)
    assert (missing.texts, missing.missing) == ({}, 3)


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\u2029", "\r", "\t", "\\"])
def test_a_sign_that_ends_lines_elsewhere_is_one_of_the_text(sign: str) -> None:
    texts = {"a": f"{sign}x{sign}y{sign}"}
    assert import_po("x.po", export_po("de", texts, texts), "de", texts).texts == texts
    assert import_po("x.po", export_po("de", texts, texts).replace("\n", "\r\n"), "de", texts).texts == texts


def test_a_context_that_is_no_key_is_unknown_although_its_text_is_that_of_one() -> None:
    found = imported('msgctxt "elsewhere"\nmsgid "Open"\nmsgstr "Offen"\n')
    assert (found.texts, found.unknown) == ({}, 1)


def test_an_entry_that_is_obsolete_and_fuzzy_is_counted_once() -> None:
    found = imported('#, fuzzy\n#~ msgctxt "hello"\n#~ msgid "x"\n#~ msgstr "y"\n')
    assert (found.fuzzy, found.obsolete) == (0, 1)


def test_arguments_of_python_become_those_of_texts_and_old_sources_are_told() -> None:
    found = imported('msgctxt "hello"\nmsgid "Hi %(name)s"\nmsgstr "Hallo %(name)s"\n')
    assert found.texts == {"hello": "Hallo {name}"}
    assert found.warnings[0].startswith("TRANSLATION_STALE")


def test_what_is_no_po_file_is_refused_with_its_line() -> None:
    with pytest.raises(CommandFailed) as refused:
        import_po("x.po", 'msgid "a"\nhello\n', "de", DEFAULT)
    assert refused.value.problems[0].where == "x.po:2"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"a": {"b": "x", "c": {"d": "y"}}}, {"a.b": "x", "a.c.d": "y"}),
        ({"items_one": "a", "items_other": "b"}, {"items": {"one": "a", "other": "b"}}),
        ({"account": {"type_other": "Other"}}, {"account.type_other": "Other"}),
        ({"items": {"one": "a", "other": "b", "=0": "c"}}, {"items": {"one": "a", "other": "b", "=0": "c"}}),
    ],
)
def test_json_of_other_tools_is_read(tmp_path: Path, data: Any, expected: Any) -> None:
    path = tmp_path / "de.json"
    path.write_text(json.dumps(data))
    assert read_catalogue(path) == expected


def test_what_is_no_json_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "de.json"
    path.write_text('{\n"a": }')
    with pytest.raises(CommandFailed) as refused:
        read_catalogue(path)
    assert refused.value.problems[0].where == f"{path}:2"


@pytest.mark.parametrize(("tag", "like"), [("xx", "en"), ("de-x-formal", "de"), ("pl_PL", "pl"), ("de-DE-1996", "de")])
def test_a_tag_that_the_cldr_lacks_has_the_plural_forms_that_the_service_takes(tag: str, like: str) -> None:
    assert categories_of(tag) == categories_of(like)
    exported = export_po(tag, DEFAULT, {})
    assert exported.partition("Plural-Forms")[2] == export_po(like, DEFAULT, {}).partition("Plural-Forms")[2]


def test_an_entry_that_stands_twice_is_told_with_the_line_that_is_taken() -> None:
    found = imported('msgctxt "open"\nmsgid "Open"\nmsgstr "a"\n\nmsgctxt "open"\nmsgid "Open"\nmsgstr "b"\n')
    assert found.texts == {"open": "b"}
    assert found.warnings == ["'open' is translated twice: the one at line 9 is taken."]
