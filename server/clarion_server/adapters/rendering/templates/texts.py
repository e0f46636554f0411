"""Defines the function `t`, by which templates write the texts of a campaign's translations in the language of the
content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from jinja2 import nodes, pass_context
from markupsafe import Markup, escape

from clarion_server.adapters.rendering.evaluation.budget import CALL, CHAR, RenderContext
from clarion_server.adapters.rendering.evaluation.values import RenderRefused, as_text, check_present
from clarion_server.adapters.rendering.filters.numbers import number
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.adapters.rendering.languages.locales import locale_of
from clarion_server.application.ports.content import NO_FRAGMENTS, Fragments
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.content.translations import (
    COUNT,
    MARKUP,
    OTHER,
    Catalogue,
    Translation,
    catalogues_for,
    forms_of,
    read_text,
)

TRANSLATE = "t"

#: Is a number in a text, of which the digits after the point count.
NUMERAL = re.compile(r"-?\d{1,30}(?:\.(\d{1,10}))?", re.ASCII)
_EXACT = "="
#: Measured with short texts of one form (1,100) and of two (1,300).
_BYTES_PER_TEXT = 1_300

Pieces = Sequence[str]
#: Each with its locale.
Catalogues = Sequence[tuple[str, Catalogue]]
#: Stands between the name of a fragment and the key of its text. No key has such a character.
FRAGMENT_END = ":"


class _Text:
    """One text, compiled."""

    __slots__ = ("_forms", "_locale", "_markup", "_plain")

    def __init__(self, key: str, translation: Translation, locale: str) -> None:
        self._locale = locale_of(locale)
        self._forms = frozenset(forms_of(translation))
        self._plain = {form: read_text(text) for form, text in forms_of(translation).items()}
        safe = key.endswith(MARKUP)
        self._markup = {form: _marked(pieces, is_markup=safe) for form, pieces in self._plain.items()}

    def pieces(self, count: Any, *, markup: bool) -> Pieces:
        """Returns the pieces of the form for a count, or of `other` without one."""
        form = OTHER if count is None or len(self._forms) == 1 else self._form(_operand(count))
        return (self._markup if markup else self._plain)[form]

    def _form(self, operand: Decimal | int) -> str:
        exact = f"{_EXACT}{int(operand)}" if operand == int(operand) else ""
        if exact in self._forms:
            return exact
        category = plural_category(self._locale, str(abs(operand)))
        return category if category in self._forms else OTHER


def _marked(pieces: Pieces, *, is_markup: bool) -> Pieces:
    """Returns the pieces with their literal ones as HTML."""
    if is_markup:
        return pieces
    return tuple(name if index % 2 else str(escape(name)) for index, name in enumerate(pieces))


def _operand(count: Any) -> Decimal | int:
    """Returns the number with the digits that will be printed. Raises RenderRefused."""
    check_present(count)
    if isinstance(count, int) and not isinstance(count, bool):
        return count
    if isinstance(count, float):
        return int(count) if count.is_integer() else Decimal(repr(count))
    if isinstance(count, str) and NUMERAL.fullmatch(count):
        return Decimal(count)
    raise RenderRefused("a count is a number, or a text such as '1.0'")


@lru_cache(maxsize=4096)
def plural_category(locale: Locale, digits: str) -> str:
    """Returns the cardinal category of a number that is not negative, of which the digits after the point count."""
    return str(locale.plural_form(Decimal(digits)))


class Texts:
    """Holds the texts for the content of one locale."""

    __slots__ = ("_catalogues", "_of_fragments", "_texts")

    def __init__(self, catalogues: Catalogues, of_fragments: Mapping[str, Catalogues] | None = None) -> None:
        """`catalogues` are asked in their order, and for the texts of a fragment those under its name. A text is
        compiled when it is first written.
        """
        self._catalogues = catalogues
        self._of_fragments = of_fragments or {}
        self._texts: dict[str, _Text] = {}

    @property
    def size(self) -> int:
        """About how many bytes of memory they take at most, when all of them have been written."""
        all_of_them = (self._catalogues, *self._of_fragments.values())
        return _BYTES_PER_TEXT * sum(len(texts) for catalogues in all_of_them for _, texts in catalogues)

    def find(self, key: str) -> tuple[str, Translation] | None:
        """Returns the text of a key with the locale that it is in."""
        name, _, key = key.rpartition(FRAGMENT_END)
        catalogues = self._of_fragments.get(name, self._catalogues)
        return next(((locale, texts[key]) for locale, texts in catalogues if key in texts), None)

    def write(self, context: RenderContext, key: str, arguments: Mapping[str, Any]) -> str:
        """Returns the text with its arguments, as HTML where the template writes HTML. Raises RenderRefused."""
        text = self._texts.get(key) or self._compile(key)
        markup = context.eval_ctx.autoescape
        pieces = text.pieces(arguments.get(COUNT), markup=bool(markup))
        if len(pieces) > 1:
            pieces = _filled(context, pieces, arguments, markup=bool(markup))
        length = sum(map(len, pieces))
        context.budget.check_length(length)
        context.budget.spend(CALL + length * CHAR)
        result = "".join(pieces)
        return Markup(result) if markup else result  # noqa: S704 - its parts are escaped one by one

    def _compile(self, key: str) -> _Text:
        found = self.find(key)
        if found is None:
            # The key may hold a value of the context.
            raise RenderRefused("a text is not translated into the language of the content")
        locale, translation = found
        self._texts[key] = text = _Text(key, translation, locale)
        return text


def _filled(context: RenderContext, pieces: Pieces, arguments: Mapping[str, Any], *, markup: bool) -> list[str]:
    written = list(pieces)
    for index in range(1, len(pieces), 2):
        name = pieces[index]
        if name not in arguments:
            raise RenderRefused(f"a text needs the argument `{name}`")
        text = _count(context, arguments[name]) if name == COUNT else as_text(arguments[name])
        written[index] = str(escape(text)) if markup else text
    return written


def _count(context: RenderContext, count: Any) -> str:
    """Writes the count as the filter `number` does, with the digits that decide about its form."""
    numeral = NUMERAL.fullmatch(count) if isinstance(count, str) else None
    return number(context, count, len(numeral[1]) if numeral is not None and numeral[1] else None)


def texts_of(definition: CampaignDefinition, locale: str, fragments: Fragments = NO_FRAGMENTS) -> Texts:
    """Returns the texts for content of a locale, in its language, else in the default one if the author allows that.

    A fragment asks its own texts first, and those of the campaign after them.
    """
    locales = [locale, definition.default_locale] if definition.allow_untranslated else [locale]
    with_texts = {each.name: each.content.translations for each in fragments.values() if each.content.translations}
    of_fragments = {name: _catalogues(locales, own, definition.translations) for name, own in with_texts.items()}
    return Texts(_catalogues(locales, definition.translations), of_fragments)


def _catalogues(locales: Iterable[str], *translations: Mapping[str, Catalogue]) -> Catalogues:
    data = locale_data()
    return [found for locale in locales for each in translations for found in catalogues_for(data, each, locale)]


def shown_key(key: str) -> str:
    """Returns the key of a text for people, with the fragment that it belongs to."""
    name, _, own = key.rpartition(FRAGMENT_END)
    return f"{own}' of '{name}" if name else own


@pass_context
def write_text(context: RenderContext, key: str, **arguments: Any) -> str:
    """Writes a text. Templates call it as `t`, which is compiled to a filter: calls in a sandbox take twice as long."""
    texts: Texts = context.parent[TRANSLATE]
    return texts.write(context, key, arguments)


def is_translation(call: nodes.Call) -> bool:
    return isinstance(call.node, nodes.Name) and call.node.name == TRANSLATE
