"""Reads catalogues of texts from JSON files, also as other tools write them, and writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.text_input import read_text

Catalogue = dict[str, Any]

#: Holds the plural categories of the CLDR, of which every text with forms has the last one.
CATEGORIES = ("zero", "one", "two", "few", "many", "other")
OTHER = "other"


def read_catalogue(path: Path) -> Catalogue:
    """Returns the texts of a JSON file. Raises CommandFailed.

    Nested objects become keys with dots. Keys such as `items_one` and `items_other`, as i18next has them, become the
    forms of one text.
    """
    text = read_text(path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        problem = Problem(f"{path}:{error.lineno}", f"This is not JSON: {error.msg}.", line=error.lineno)
        raise CommandFailed(f"{path} is not valid JSON.", [problem]) from error
    if not isinstance(data, dict):
        raise CommandFailed(f"{path} must hold an object of texts by their keys.")
    return _with_forms(dict(_flat(data, "")))


def forms_of(text: Any) -> Mapping[str, str]:
    """Returns the forms of a text. One without forms has `other` alone."""
    return text if isinstance(text, dict) else {OTHER: str(text)}


def write_catalogue(path: Path, catalogue: Mapping[str, Any]) -> None:
    """Writes the texts in the order of their keys."""
    text = json.dumps(dict(sorted(catalogue.items())), indent=2, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def _flat(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, item in data.items():
        key = f"{prefix}.{name}" if prefix else name
        if isinstance(item, dict) and not _is_plural(item):
            yield from _flat(item, key)
        else:
            yield key, item


def _is_plural(item: Mapping[str, Any]) -> bool:
    return OTHER in item and all(name in CATEGORIES or name.startswith("=") for name in item)


def _with_forms(texts: Catalogue) -> Catalogue:
    forms: dict[str, dict[str, Any]] = {}
    for key, text in texts.items():
        stem, _, category = key.rpartition("_")
        if stem and category in CATEGORIES and isinstance(text, str):
            forms.setdefault(stem, {})[category] = text
    # A key that merely ends in `_other` is a key.
    plural = {stem: each for stem, each in forms.items() if OTHER in each and len(each) > 1 and stem not in texts}
    parts = {f"{stem}_{category}" for stem, each in plural.items() for category in each}
    return {key: text for key, text in texts.items() if key not in parts} | plural
