"""Names a new catalogue in the file of a campaign, of which all else stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node

from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.campaign_texts import TRANSLATIONS, CampaignTexts
from clarion_server.transport.cli.files.documents import parse_documents
from clarion_server.transport.cli.files.yaml_syntax import yaml_processor

_BYTE_ORDER_MARK = "\ufeff"


def name_catalogue(texts: CampaignTexts, locale: str, file: Path) -> None:
    """Adds the file of a locale to the translations of the campaign: behind the last file there, else as the first one.

    Raises CommandFailed, and writes nothing, when they are written in a way that it cannot add to.
    """
    content = texts.path.read_bytes().decode()
    folder = texts.document.folder
    name = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)
    for changed in _candidates(content, locale, name):
        if _adds(texts, changed, locale, name):
            texts.path.write_bytes(changed.encode())
            return
    raise CommandFailed(
        f"The {TRANSLATIONS} of {texts.path} are written in a way that this command cannot add to.",
        hint=f"Add the line `{locale}: {name}` to them yourself.",
    )


def _adds(texts: CampaignTexts, changed: str, locale: str, name: str) -> bool:
    """Returns whether the text says what the file says and names the catalogue, and nothing else."""
    try:
        after = [document.data for document in parse_documents(texts.path, changed.removeprefix(_BYTE_ORDER_MARK))]
    except CommandFailed:
        return False
    before = [document.data for document in parse_documents(texts.path, _text(texts.path))]
    for data in before:
        if "campaign" in data:
            data[TRANSLATIONS] = {**(data.get(TRANSLATIONS) or {}), locale: name}
    return after == before


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def _candidates(content: str, locale: str, name: str) -> Iterator[str]:
    """Yields texts that may say it. The caller finds out which does."""
    text = content.removeprefix(_BYTE_ORDER_MARK)
    mark = content[: len(content) - len(text)]
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    for place, addition in _additions(text, locale, name):
        before, after = text[:place], text[place:]
        if addition.endswith("\n") and before and not before.endswith("\n"):
            before += end_of_line
        yield mark + before + addition.replace("\n", end_of_line) + after


def _additions(text: str, locale: str, name: str) -> Iterator[tuple[int, str]]:
    """Yields where something is to be added, and what."""
    line = f"{locale}: {_scalar(name)}\n"
    for root in yaml_processor().compose_all(text):
        if not isinstance(root, MappingNode) or _value(root, "campaign") is None:
            continue
        translations = _value(root, TRANSLATIONS)
        if translations is None:
            yield from _first(root, text, line, locale, name)
        elif isinstance(translations, MappingNode) and translations.flow_style:
            yield translations.start_mark.index + 1, _flow(translations, locale, name)
        elif isinstance(translations, MappingNode):
            indent = " " * translations.value[0][0].start_mark.column
            files = [item for _, item in translations.value if not isinstance(item, MappingNode)]
            if files:
                yield _line_below(text, files[-1].end_mark.index), indent + line
            yield _line_of(text, translations.value[0][0].start_mark.index), indent + line
        else:
            yield _line_below(text, translations.start_mark.index), f"  {line}"


def _first(root: MappingNode, text: str, line: str, locale: str, name: str) -> Iterator[tuple[int, str]]:
    """Yields the same where the campaign has no translations."""
    if root.flow_style:
        translations = json.dumps({TRANSLATIONS: {locale: name}}, ensure_ascii=False)[1:-1]
        yield root.start_mark.index + 1, f"{translations}, "
    else:
        yield _line_of(text, root.end_mark.index), f"{TRANSLATIONS}:\n  {line}"


def _flow(translations: MappingNode, locale: str, name: str) -> str:
    addition = json.dumps({locale: name}, ensure_ascii=False)[1:-1]
    return f"{addition}, " if translations.value else addition


def _scalar(name: str) -> str:
    return name if all(character.isalnum() or character in "/._-" for character in name) else json.dumps(name)


def _value(mapping: MappingNode, key: str) -> Node | None:
    found: dict[Any, Node] = {each.value: item for each, item in mapping.value}
    return found.get(key)


def _line_of(text: str, place: int) -> int:
    """Returns where the line begins that has the place. The end of a text without a line end is its own line."""
    return len(text) if place >= len(text) else text.rfind("\n", 0, place) + 1


def _line_below(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end + 1
