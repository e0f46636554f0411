"""Brings catalogues into .po files and back: keys are contexts, and the forms of gettext become plural categories."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.catalogues import CATEGORIES, OTHER, forms_of
from clarion_server.transport.cli.files.plural_expressions import PluralFormsInvalid, Rule, read_plural_forms
from clarion_server.transport.cli.files.plural_rules import plural_expression, plural_locale
from clarion_server.transport.cli.files.po_files import PoEntry, read_po, write_po

_NUMBERS = (*range(201), 10**6)
_PYTHON = re.compile(r"%\((\w+)\)[sd]")
#: Says what tools leave in a header that nobody filled in.
_UNFILLED = re.compile(r"INTEGER|EXPRESSION")


@dataclass(slots=True)
class PoImport:
    """Is what a file brought."""

    texts: dict[str, Any] = field(default_factory=dict)
    fuzzy: int = 0
    obsolete: int = 0
    missing: int = 0
    unknown: int = 0
    warnings: list[str] = field(default_factory=list)


def categories_of(locale: str) -> list[str]:
    """Returns the plural categories of a language in the order of the CLDR."""
    tags = plural_locale(locale).plural_form.tags
    return [category for category in CATEGORIES if category in tags or category == OTHER]


def export_po(locale: str, default: Mapping[str, Any], texts: Mapping[str, Any]) -> str:
    """Returns a .po file whose sources are the texts of the default locale."""
    categories = categories_of(locale)
    header = f"Language: {locale}\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
    header += f"Plural-Forms: nplurals={len(categories)}; plural={plural_expression(locale, categories)};\n"
    return write_po(header, [_entry(key, default[key], texts.get(key, ""), categories) for key in sorted(default)])


def _entry(key: str, source: Any, translation: Any, categories: Sequence[str]) -> PoEntry:
    forms = forms_of(translation)
    if isinstance(source, str):
        return PoEntry(0, key, source, translations={0: forms.get(OTHER, "")})
    given = {index: forms.get(category, "") for index, category in enumerate(categories)}
    return PoEntry(0, key, source.get("one", source[OTHER]), source[OTHER], given)


def import_po(name: str, text: str, locale: str, default: Mapping[str, Any]) -> PoImport:
    """Returns the texts of a .po file. Raises CommandFailed with the lines of what cannot be read."""
    entries = read_po(name, text)
    result = PoImport()
    indices = _indices(name, entries, locale, result)
    sources: dict[str, list[str]] = {}
    for name_of_text, each in default.items():
        sources.setdefault(forms_of(each).get("one", forms_of(each)[OTHER]), []).append(name_of_text)
    for entry in entries:
        if not entry.source and not entry.context:
            continue
        key = _key(entry, default, sources)
        if entry.obsolete or entry.fuzzy:
            result.obsolete += entry.obsolete
            result.fuzzy += entry.fuzzy and not entry.obsolete
        elif key is None:
            result.unknown += 1
        elif not all(entry.translations.values()) or not entry.translations:
            result.missing += 1
        else:
            if key in result.texts:
                result.warnings.append(f"'{key}' is translated twice: the one at line {entry.line} is taken.")
            result.texts[key] = _text(name, entry, indices, result)
            if entry.source not in forms_of(default[key]).values():
                result.warnings.append(
                    f"TRANSLATION_STALE: '{key}' was translated from another text of the default locale."
                )
    return result


def _key(entry: PoEntry, default: Mapping[str, Any], sources: Mapping[str, Sequence[str]]) -> str | None:
    """Returns the key by the context, else by the source as a key, else by a source that one text alone has."""
    if entry.context in default:
        return entry.context
    if entry.source in default:
        return entry.source
    keys = sources.get(entry.source, ())
    return keys[0] if len(keys) == 1 and not entry.context else None


def _indices(name: str, entries: Sequence[PoEntry], locale: str, result: PoImport) -> dict[str, int]:
    """Returns the index of the form of each category of the language."""
    header = next((each for each in entries if not each.source and not each.context), None)
    lines = (header.translations.get(0, "") if header is not None else "").splitlines()
    plural = next((line.partition(":")[2] for line in lines if line.lower().startswith("plural-forms:")), "")
    categories = categories_of(locale)
    if not plural.strip() or _UNFILLED.search(plural):
        if any(entry.plural for entry in entries):
            result.warnings.append("The header has no Plural-Forms: the forms are taken in the order of the CLDR.")
        return {category: index for index, category in enumerate(categories)}
    try:
        _, rule = read_plural_forms(plural)
        return _by_category(rule, locale)
    except PluralFormsInvalid:
        line = header.line if header is not None else 1
        problem = Problem(f"{name}:{line}", f"These Plural-Forms cannot be read: {plural.strip()[:100]}", line=line)
        raise CommandFailed(f"{name} has no valid Plural-Forms.", [problem]) from None


def _by_category(rule: Rule, locale: str) -> dict[str, int]:
    plural_form = plural_locale(locale).plural_form
    indices: dict[str, int] = {}
    for number in _NUMBERS:
        indices.setdefault(str(plural_form(number)), rule(number))
    return indices


def _text(name: str, entry: PoEntry, indices: Mapping[str, int], result: PoImport) -> Any:
    texts = {index: _PYTHON.sub(r"{\1}", text) for index, text in entry.translations.items()}
    if not entry.plural:
        return texts[0]
    if set(indices) == {OTHER} and len(set(texts.values())) > 1:
        shown = " and ".join(f"'{text}'" for text in texts.values())
        problem = Problem(
            f"{name}:{entry.line}", f"The language has one form, and the file has {shown}.", line=entry.line
        )
        raise CommandFailed(f"{name} has more forms than its language.", [problem])
    forms = {category: texts[index] for category, index in indices.items() if index in texts}
    if OTHER not in forms:
        last = next(category for category in reversed(CATEGORIES) if category in forms)
        forms[OTHER] = forms[last]
        result.warnings.append(
            f"'{entry.context or entry.source}' has no form for fractions: '{last}' is taken for 'other'."
        )
    return forms[OTHER] if set(forms) == {OTHER} else forms
