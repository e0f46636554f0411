"""Finds the texts of a campaign in other languages: `order.de.html` beside `order.html` is its German variant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clarion.v1 import campaign_pb2
from google.protobuf.descriptor import Descriptor

from clarion_server.transport.cli.files.contract_fields import is_required, is_string, message_of
from clarion_server.transport.cli.files.references import FILE_SUFFIX
from clarion_server.transport.cli.files.source_location import Problems

#: Is a language of two letters, or one of three with a script or a region: `order.old.html` is a copy, and not in Old.
_SCRIPT, _REGION = "-[A-Z][a-z]{3}", "-(?:[A-Z]{2}|[0-9]{3})"
_TAG = re.compile(f"[a-z]{{2}}(?:{_SCRIPT})?(?:{_REGION})?|[a-z]{{3}}{_SCRIPT}(?:{_REGION})?|[a-z]{{3}}{_REGION}")
_ALMOST_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
_DEFAULT_LOCALE = "en"
_VARIANT = campaign_pb2.ContentVariant.DESCRIPTOR
_CONTENTS: dict[str, Descriptor] = {
    field.name: message for field in _VARIANT.oneofs_by_name["content"].fields if (message := message_of(field))
}


def with_language_files(data: Mapping[str, Any], folder: Path, problems: Problems) -> dict[str, Any]:
    """Returns the data of a campaign with a variant for each file in another language beside one of its texts.

    A text that the file of the campaign gives stays as it is. What a variant leaves to the default content is empty.
    """
    default_locale = data.get("default_locale") or _DEFAULT_LOCALE
    actions = data.get("actions")
    if not isinstance(actions, list):
        return dict(data)
    finder = _Finder(str(default_locale), folder, problems)
    return {**data, "actions": [finder.completed(each, f"actions[{index}]") for index, each in enumerate(actions)]}


class _Finder:
    def __init__(self, default_locale: str, folder: Path, problems: Problems) -> None:
        self._default_locale = default_locale
        self._folder = folder
        self._problems = problems

    def completed(self, action: Any, path: str) -> Any:
        """Returns an action with the variants whose files lie beside its own."""
        variants = action.get("variants", []) if isinstance(action, dict) else None
        if not isinstance(variants, list) or not all(isinstance(each, dict) for each in variants):
            # Whoever reads the values says what is wrong.
            return action
        found = [_copied(each) for each in variants]
        paths = [path, *(f"{path}.variants[{index}]" for index in range(len(variants)))]
        for source, its_path in zip([action, *variants], paths, strict=True):
            if source.get("locale") in (None, self._default_locale):
                for content, field, file in self._files(source):
                    self._add_beside(found, source.get("rule"), content, field, file, f"{its_path}.{content}.{field}")
        for variant in found:
            _leave_to_default(variant)
        return {**action, "variants": found} if found else action

    def _files(self, source: Mapping[str, Any]) -> Iterator[tuple[str, str, Path]]:
        """Yields the texts of a content that are files of their own: the content, the field and the file."""
        for content, message in _CONTENTS.items():
            fields = source.get(content)
            for field, name in fields.items() if isinstance(fields, dict) else ():
                text = message.fields_by_name.get(str(field).removesuffix(FILE_SUFFIX))
                if text is not None and text.name != field and is_string(text) and isinstance(name, str):
                    yield content, field, self._folder / name

    def _add_beside(
        self, variants: list[dict[str, Any]], rule: Any, content: str, field: str, file: Path, path: str
    ) -> None:
        for tag, other in _translations(file, self._problems, path):
            if tag != self._default_locale:
                name = other.relative_to(self._folder) if other.is_relative_to(self._folder) else other
                _add(variants, rule, tag, content, field, name.as_posix())


def _leave_to_default(variant: dict[str, Any]) -> None:
    """Gives a variant the fields that other contents must have, empty: it may leave each to the default content."""
    for content, message in _CONTENTS.items():
        fields = variant.get(content)
        if not isinstance(fields, dict):
            continue
        for field in message.fields:
            if is_required(field) and f"{field.name}{FILE_SUFFIX}" not in fields:
                fields.setdefault(field.name, "")


def _copied(variant: Mapping[str, Any]) -> dict[str, Any]:
    return {name: dict(item) if isinstance(item, dict) else item for name, item in variant.items()}


def _translations(file: Path, problems: Problems, path: str) -> Iterator[tuple[str, Path]]:
    beside = sorted(file.parent.glob(f"{_literal(file.stem)}.*{_literal(file.suffix)}")) if file.parent.is_dir() else []
    for other in beside:
        tag = other.name[len(file.stem) + 1 : len(other.name) - len(file.suffix)]
        if _TAG.fullmatch(tag):
            yield tag, other
        elif (almost := _ALMOST_TAG.fullmatch(tag)) and _TAG.fullmatch(written := _written(almost)):
            text = f"{other} would be taken for no language."
            problems.add(path, text, f"Name it {file.stem}.{written}{file.suffix}, or otherwise if it is in none.")


def _written(tag: re.Match[str]) -> str:
    """Returns a tag as BCP 47 writes it."""
    language, script, region = tag.groups("")
    return "-".join(filter(None, (language.lower(), script.capitalize(), region.upper())))


def _literal(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


def _add(variants: list[dict[str, Any]], rule: Any, locale: str, content: str, field: str, name: str) -> None:
    """Gives a text to the variant of that locale and rule, unless it has one of its own."""
    variant = next((each for each in variants if each.get("locale") == locale and each.get("rule") == rule), None)
    if variant is None:
        variant = {"locale": locale, content: {}} if rule is None else {"rule": rule, "locale": locale, content: {}}
        variants.append(variant)
    fields = variant.setdefault(content, {})
    if isinstance(fields, dict) and field.removesuffix(FILE_SUFFIX) not in fields:
        fields.setdefault(field, name)
