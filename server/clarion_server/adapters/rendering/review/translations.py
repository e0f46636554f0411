"""Reviews the translations of a campaign: every text that a template writes, in every language of its content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import islice

from clarion_server.adapters.rendering.content_kind import ContentKinds, part_paths
from clarion_server.adapters.rendering.html.scanner import Tag, scan
from clarion_server.adapters.rendering.inference.text_use import TextUse
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.adapters.rendering.languages.locales import locale_of
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.texts import FRAGMENT_END, Texts, plural_category, shown_key, texts_of
from clarion_server.application.ports.content import NO_FRAGMENTS, Fragments
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.content_cells import (
    ContentCells,
    ContentSource,
    content_sources,
    locales_of_rule,
    offered_locales,
)
from clarion_server.domain.content.translations import COUNT, MARKUP, OTHER, Translation, forms_of, read_text
from clarion_server.domain.finding import Finding, FindingCode, Severity

#: Holds the uses of texts, by the path of the template.
Uses = Mapping[str, Sequence[TextUse]]

_MOST_FINDINGS = 200
_OR_PUBLISH = ", or in the fragment and publish it"
#: In these numbers every category of a language occurs that whole numbers reach. `many` of French, Italian, Portuguese
#: and Spanish means exact millions alone, which nobody misses.
_WHOLE = tuple(map(str, (*range(201), 1_000)))
_FRACTIONS = ("0.1", "0.5", "1.0", "1.5", "2.5", "10.1")
_ALLOWED = frozenset({"a", "b", "br", "em", "i", "span", "strong"})
_ATTRIBUTES: Mapping[str, frozenset[str]] = {"a": frozenset({"href"}), "span": frozenset({"dir", "lang"})}
_WORD = re.compile(r"[^\W\d_]{2,}")
_TAGS = re.compile(r"<[^<>]*>|\{[{%#][^{}]*[%}#]\}|&\w{1,20};")


def translation_findings(
    definition: CampaignDefinition,
    kinds: ContentKinds,
    cells: Sequence[ContentCells],
    uses: Uses,
    fragments: Fragments = NO_FRAGMENTS,
) -> list[Finding]:
    """Returns the findings, each once, and no more than people read. `cells` are those of each action."""
    found = list(_missing_and_broken(definition, kinds, cells, uses, fragments))
    found += [*_markup(definition), *_unused(definition, uses)]
    for index in range(len(definition.actions)):
        found += _mixed(definition, index, kinds, uses)
    return list(islice(dict.fromkeys(found), _MOST_FINDINGS))


def _mixed(definition: CampaignDefinition, action_index: int, kinds: ContentKinds, uses: Uses) -> Iterator[Finding]:
    """Yields each part of a content in several languages that has words of one language alone."""
    action = definition.actions[action_index]
    for source in content_sources(definition, action_index):
        if source.locale != definition.default_locale:
            continue
        rule = source.rule
        variants = {variant.locale for variant in action.variants if variant.rule == rule}
        offered = locales_of_rule(definition, action, rule) if rule else offered_locales(definition, action)
        others = [tag for tag in offered[1:] if tag not in variants]
        if others:
            yield from _mixed_parts(source, others, kinds, uses)


def _mixed_parts(source: ContentSource, others: Sequence[str], kinds: ContentKinds, uses: Uses) -> Iterator[Finding]:
    for part in kinds[type(source.content)].parts(source.content):
        path = f"{source.path}.{part.field}"
        if part.field.startswith("headers.") or uses.get(path) or not _WORD.search(_TAGS.sub(" ", part.source)):
            continue
        message = f"The part has words of '{source.locale}', and is sent in {', '.join(others)} too."
        yield _error(
            FindingCode.CONTENT_LANGUAGE_MIXED, path, message, 'Write its words by `t("…")`, or write variants.'
        )


def _missing_and_broken(
    definition: CampaignDefinition,
    kinds: ContentKinds,
    cells: Sequence[ContentCells],
    uses: Uses,
    fragments: Fragments,
) -> Iterator[Finding]:
    if not any(uses.values()):
        return
    texts_in = cache(lambda locale: texts_of(definition, locale, fragments))
    reference = texts_of(replace(definition, allow_untranslated=False), definition.default_locale, fragments)
    for index, action in enumerate(definition.actions):
        for locale, rule in _cells(definition, action):
            cell, texts = cells[index].cell(locale, rule), texts_in(locale)
            kind = kinds[type(cell.content)]
            paths = part_paths(kind, cell)
            for part in kind.parts(cell.content):
                for use in uses.get(paths[part.field], ()):
                    found = texts.find(use.key)
                    yield from _of_use(locale, use, found, reference, paths[part.field])
                    if use.key.endswith(MARKUP) and part.escaping is not Escaping.HTML:
                        message = (
                            f"The text '{shown_key(use.key)}' may hold markup, which this part would show as it is."
                        )
                        remedy = f"Use a key that does not end in '{MARKUP}'."
                        yield _error(FindingCode.TRANSLATION_HTML, paths[part.field], message, remedy, use.line)


def _cells(definition: CampaignDefinition, action: Action) -> Iterator[tuple[str, str]]:
    """Yields the locales that contents of an action are in, each with the rule that it belongs to."""
    yield from ((locale, "") for locale in offered_locales(definition, action))
    for rule in action.rules:
        yield from ((locale, rule.id) for locale in locales_of_rule(definition, action, rule.id))


def _of_use(
    locale: str, use: TextUse, found: tuple[str, Translation] | None, reference: Texts, path: str
) -> Iterator[Finding]:
    """Yields what is wrong with a text where it is written in a locale."""
    own = None if found is None or not locale_data().is_same_language(found[0], locale) else found
    if own is None:
        message = f"The text '{shown_key(use.key)}' is missing in '{locale}'; {path} writes it."
        severity = Severity.WARNING if found is not None else Severity.ERROR
        remedy = f"Translate it under `translations.{locale}`{_OR_PUBLISH if FRAGMENT_END in use.key else ''}."
        yield Finding(severity, FindingCode.TRANSLATION_MISSING, f"translations.{locale}", message, remedy)
        return
    tag, translation = own
    # The texts of a fragment are not in the campaign, where the part alone can be pointed at.
    field = path if FRAGMENT_END in use.key else f"translations.{tag}.{use.key}"
    original = reference.find(use.key)
    wanted = _arguments(forms_of(translation if original is None else original[1])[OTHER])
    for form, text in forms_of(translation).items():
        given = _arguments(text)
        if given - {COUNT} != wanted - {COUNT} or not given <= use.arguments:
            yield _placeholder(field, tag, form, given, wanted, use, path)
            return
    if COUNT in use.arguments:
        is_plural = not isinstance(original[1] if original is not None else translation, str)
        yield from _plural(field, tag, translation, use, is_plural=is_plural)


def _placeholder(
    field: str, tag: str, form: str, given: frozenset[str], wanted: frozenset[str], use: TextUse, path: str
) -> Finding:
    parts = [f"has no {{{name}}}" for name in sorted(wanted - given - {COUNT})]
    parts += [f"has {{{name}}}, which the default text lacks" for name in sorted(given - wanted - {COUNT})]
    parts += [
        f"has {{{name}}}, which {path} does not give"
        for name in sorted((given & wanted | {COUNT} & given) - use.arguments)
    ]
    message = f"The text '{shown_key(use.key)}' in '{tag}' ({form}) {' and '.join(parts)}."
    remedy = "Use the arguments of the default text, and give each of them in the call."
    return _error(FindingCode.TRANSLATION_PLACEHOLDER, field, message, remedy)


@lru_cache(maxsize=256)
def _numbers(tag: str) -> Mapping[str, Sequence[str]]:
    """Returns the numbers of each plural category of a language, whole ones first."""
    found: dict[str, list[str]] = {}
    for digits in (*_WHOLE, *_FRACTIONS):
        found.setdefault(plural_category(locale_of(tag), digits), []).append(digits)
    return found


def _needed(tag: str, forms: Mapping[str, str], *, is_whole: bool) -> Iterator[tuple[str, str]]:
    """Yields the categories that numbers without a form of their own reach, with an example."""
    for category, numbers in _numbers(tag).items():
        reached = (each for each in numbers if f"={each}" not in forms and not (is_whole and "." in each))
        if (example := next(reached, None)) is not None:
            yield category, example


def _plural(field: str, tag: str, translation: Translation, use: TextUse, *, is_plural: bool) -> Iterator[Finding]:
    forms = forms_of(translation)
    if not is_plural and isinstance(translation, str):
        return
    for category, example in sorted(_needed(tag, forms, is_whole=use.is_whole)):
        if category not in forms:
            message = f"The text '{shown_key(use.key)}' in '{tag}' has no form '{category}', which {example} needs."
            yield _error(FindingCode.TRANSLATION_PLURAL_MISSING, field, message, f"Add the form '{category}'.")
    for form in sorted(set(forms) - {*locale_of(tag).plural_form.tags, OTHER}):
        if not form.startswith("="):
            message = (
                f"The text '{shown_key(use.key)}' in '{tag}' has a form '{form}', which the language does not know."
            )
            remedy = "Remove it. For an exact number write '=0'."
            yield Finding(Severity.WARNING, FindingCode.TRANSLATION_PLURAL_UNUSED, field, message, remedy)


def _markup(definition: CampaignDefinition) -> Iterator[Finding]:
    for locale, catalogue in definition.translations.items():
        for key, translation in catalogue.items():
            for text in forms_of(translation).values() if key.endswith(MARKUP) else ():
                for refused in _refused_markup(text):
                    message = f"The text '{key}' in '{locale}' holds `{refused}`."
                    remedy = "It may hold b, i, em, strong, br, span with lang or dir, and a with href."
                    yield _error(FindingCode.TRANSLATION_HTML, f"translations.{locale}.{key}", message, remedy)


def _refused_markup(text: str) -> Iterator[str]:
    for token in scan("".join(read_text(text)[::2])):
        if not isinstance(token, Tag):
            continue
        name = token.name.lstrip("/")
        if name not in _ALLOWED:
            yield f"<{token.name}>"
        for attribute in token.attributes:
            is_unsafe = attribute.name == "href" and not re.match(r"https?:|mailto:|tel:|#|$", attribute.value)
            if attribute.name not in _ATTRIBUTES.get(name, ()) or is_unsafe:
                yield f"{attribute.name}="


def _unused(definition: CampaignDefinition, uses: Uses) -> Iterator[Finding]:
    used = {use.key.rpartition(FRAGMENT_END)[2] for each in uses.values() for use in each}
    for locale, catalogue in definition.translations.items():
        for key in catalogue:
            if key not in used:
                message = f"No template writes the text '{key}'."
                yield Finding(
                    Severity.WARNING,
                    FindingCode.TRANSLATION_UNUSED,
                    f"translations.{locale}.{key}",
                    message,
                    "Remove it, or correct the key where it should be written.",
                )


def _arguments(text: str) -> frozenset[str]:
    return frozenset(read_text(text)[1::2])


def _error(code: FindingCode, field: str, message: str, remedy: str, line: int = 0) -> Finding:
    return Finding(Severity.ERROR, code, field, message, remedy, line)
