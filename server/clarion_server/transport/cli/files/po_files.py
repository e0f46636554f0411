"""Files of translators in the format .po of GNU gettext: their entries, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from clarion_server.transport.cli.failures import CommandFailed, Problem

_LINE = re.compile(r'(?:(msgctxt|msgid|msgid_plural|msgstr(?:\[(\d)\])?)\s+)?"((?:[^"\\]|\\.)*)"\s*')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(slots=True)
class PoEntry:
    """One text. `translations` has one for each form, by its index."""

    line: int
    context: str = ""
    source: str = ""
    plural: str = ""
    translations: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False
    obsolete: bool = False


def read_po(name: str, text: str) -> list[PoEntry]:
    """Returns the entries, of which the first may be the header. Raises CommandFailed with the line."""
    entries: list[PoEntry] = []
    entry, target, is_fuzzy, is_open = PoEntry(0), "", False, False
    # Texts may hold further characters that Python takes for line ends.
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        stripped = line.strip(" \t\r")
        obsolete = stripped.startswith("#~")
        body = stripped.removeprefix("#~").strip(" \t") if obsolete else stripped
        if body.startswith("#,"):
            is_fuzzy = is_fuzzy or "fuzzy" in body
        if not body or body.startswith("#"):
            continue
        found = _LINE.fullmatch(body)
        if found is None or (not found[1] and not target):
            problem = Problem(f"{name}:{number}", "This is no line of a .po file.", line=number)
            raise CommandFailed(f"{name} is not a .po file.", [problem])
        keyword, index, content = found[1] or target, found[2], _unescaped(found[3])
        if found[1] and (found[1] == "msgctxt" or (found[1] == "msgid" and not is_open)):
            entry, is_open = PoEntry(number, fuzzy=is_fuzzy, obsolete=obsolete), found[1] == "msgctxt"
            entries.append(entry)
            is_fuzzy = False
        elif found[1] == "msgid":
            is_open = False
        if found[1]:
            target = found[1] if index is None else f"msgstr[{index}]"
            keyword = target
        _append(entry, keyword, content)
    return entries


def _append(entry: PoEntry, keyword: str, content: str) -> None:
    if keyword == "msgctxt":
        entry.context += content
    elif keyword == "msgid":
        entry.source += content
    elif keyword == "msgid_plural":
        entry.plural += content
    else:
        index = int(keyword[7]) if keyword.endswith("]") else 0
        entry.translations[index] = entry.translations.get(index, "") + content


def write_po(header: str, entries: Iterable[PoEntry]) -> str:
    """Returns the text of a file."""
    return "".join(_lines(PoEntry(0, translations={0: header}))) + "".join(
        line for entry in entries for line in ("\n", *_lines(entry))
    )


def _lines(entry: PoEntry) -> Iterator[str]:
    if entry.context:
        yield f"msgctxt {_quoted(entry.context)}\n"
    yield f"msgid {_quoted(entry.source)}\n"
    if not entry.plural:
        yield f"msgstr {_quoted(entry.translations.get(0, ''))}\n"
        return
    yield f"msgid_plural {_quoted(entry.plural)}\n"
    for index, text in sorted(entry.translations.items()):
        yield f"msgstr[{index}] {_quoted(text)}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\r", "\\r")
    return f'"{escaped}"'.replace("\n", "\\n")


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)
