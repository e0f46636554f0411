"""Defines translations: the texts of a campaign in several languages, which its templates write by `t("key")`.

A text is no template. It has `{name}` where an argument of the call stands, and `{{` and `}}` for braces, so that no
translator can break logic. A text that depends on a count has a form for each plural category of the CLDR, and perhaps
for exact numbers, such as `=0`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from clarion_server.domain.content import Content
from clarion_server.domain.languages.language_tags import LocaleData
from clarion_server.domain.languages.locale_rules import MAX_LOCALES, locale_violations
from clarion_server.domain.text_rules import text_violations
from clarion_server.domain.violation import Violation, malformed, required, too_long, too_many

#: Holds the plural categories of the CLDR.
CATEGORIES = ("zero", "one", "two", "few", "many", "other")
#: Is the form that every text with forms has.
OTHER = "other"
#: Is the argument that chooses a form.
COUNT = "count"
#: Texts of keys with this ending may hold markup.
MARKUP = "_html"
MAX_KEYS = 5_000
MAX_TEXT = 4_000
MAX_KEY = 128
#: Holds the categories, and exact numbers.
MAX_FORMS = 50
#: At most this many violations are reported. A request has room for 200,000, and finding them all would take a second.
MAX_VIOLATIONS = 1_000

#: Is a text, or its forms by category or exact number.
Translation = str | Mapping[str, str]
Catalogue = Mapping[str, Any]

_KEY = re.compile(f"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{MAX_KEY - 1}}}")
_FORM = re.compile(rf"{'|'.join(CATEGORIES)}|=-?[0-9]{{1,15}}")
_PIECE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")
#: The beginnings and ends of a template's tags, and what may be a call of `t`.
_CALL = re.compile(r"(\{[{%])|([%}]\})|(?<![\w.])t\s{0,9}\(")
_BRACE = "Write '{{' for a brace, and '{name}' for an argument."


class TextMalformed(Exception):
    """A text has a brace that begins or ends no argument."""


def read_text(text: str) -> tuple[str, ...]:
    """Returns the pieces of a text: literal ones, and between each two of them the name of an argument.

    Raises TextMalformed.
    """
    pieces, literal, end = [], "", 0
    for found in _PIECE.finditer(text):
        literal += text[end : found.start()]
        end = found.end()
        if found[1] is not None:
            pieces += [literal, found[1]]
            literal = ""
        elif len(found[0]) == 1:
            raise TextMalformed
        else:
            literal += found[0][0]
    return (*pieces, literal + text[end:])


def forms_of(translation: Translation) -> Mapping[str, str]:
    """Returns the forms of a text. One without forms has `other` alone."""
    return {OTHER: translation} if isinstance(translation, str) else translation


def uses_texts(content: Content) -> bool:
    """Returns whether a template of the content calls `t`."""
    return any(map(_calls_text, content.sources()))


def _calls_text(source: str) -> bool:
    is_in_tag = False
    for found in _CALL.finditer(source):
        if found[1] or found[2]:
            is_in_tag = bool(found[1])
        elif is_in_tag:
            return True
    return False


def catalogues_for(data: LocaleData, translations: Mapping[str, Catalogue], locale: str) -> list[tuple[str, Catalogue]]:
    """Returns the catalogues in the language of a locale: its own, then those of its parents."""
    if not translations:
        return []
    subtags = data.read(locale)
    own = [(locale, translations[locale])] if locale in translations else []
    if subtags is None:
        return own
    by_subtags = {
        data.with_script(read): (tag, catalogue)
        for tag, catalogue in translations.items()
        if tag != locale and (read := data.read(tag)) is not None
    }
    return [*own, *(by_subtags[each] for each in data.ancestors(subtags) if each in by_subtags)]


def translation_violations(translations: Mapping[str, Catalogue]) -> Iterator[Violation]:
    """Yields the violations of catalogues, by paths in the campaign, at most MAX_VIOLATIONS."""
    return islice(_violations(translations), MAX_VIOLATIONS)


def _violations(translations: Mapping[str, Catalogue]) -> Iterator[Violation]:
    if len(translations) > MAX_LOCALES:
        yield too_many("translations", MAX_LOCALES)
        return
    for locale, catalogue in translations.items():
        field = f"translations.{locale}"
        yield from locale_violations(locale, field)
        if len(catalogue) > MAX_KEYS:
            yield too_many(field, MAX_KEYS)
            continue
        for key, translation in catalogue.items():
            yield from _text_violations(key, translation, f"{field}.{key[:MAX_KEY]}")


def _text_violations(key: str, translation: Any, field: str) -> Iterator[Violation]:
    if not _KEY.fullmatch(key):
        yield malformed(field, f"A key is 1 to {MAX_KEY} letters, digits, hyphens, underscores and dots.")
    if not isinstance(translation, str | dict):
        yield malformed(field, "Must be a text, or its plural forms.")
        return
    forms: Mapping[str, Any] = forms_of(translation)
    if len(forms) > MAX_FORMS:
        yield too_many(field, MAX_FORMS)
        return
    for form, text in forms.items():
        place = field if isinstance(translation, str) else f"{field}.{form}"
        if not _FORM.fullmatch(form):
            yield malformed(place, f"A form is one of {', '.join(CATEGORIES)}, or a number such as '=0'.")
        if not isinstance(text, str):
            yield malformed(place, "Must be a text.")
        elif len(text) > MAX_TEXT:
            yield too_long(place, MAX_TEXT)
        elif not _is_text(text):
            yield malformed(place, _BRACE)
        else:
            yield from text_violations(text, place)
    if OTHER not in forms:
        yield required(f"{field}.{OTHER}")


def _is_text(text: str) -> bool:
    if "{" not in text and "}" not in text:
        # A request may have 200,000 texts, and most have no braces.
        return True
    try:
        read_text(text)
    except TextMalformed:
        return False
    return True
