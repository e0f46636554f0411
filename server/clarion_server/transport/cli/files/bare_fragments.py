"""Finds fragments that are files alone: `fragments/button.html` beside a campaign's file is the fragment `button`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from clarion_server.transport.cli.failures import Problem
from clarion_server.transport.cli.files.documents import Document
from clarion_server.transport.cli.files.references import FILE_SUFFIX
from clarion_server.transport.cli.files.resource_types import CAMPAIGN, FRAGMENT
from clarion_server.transport.cli.files.source_location import Location, Locations

#: Is the folder beside the file of a campaign.
FOLDER = "fragments"
_KINDS = {".html": "HTML", ".txt": "TEXT"}
_ID = re.compile("[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SOURCE = f"source{FILE_SUFFIX}"


def bare_fragments(documents: Iterable[Document], problems: list[Problem]) -> Iterator[Document]:
    """Yields a document for each fragment that is a file alone, beside the campaigns among the documents.

    A file that a document names is a part of that document.
    """
    given = list(documents)
    named = {path.resolve() for document in given for path in _named_files(document.data, document.folder)}
    for folder in dict.fromkeys(each.folder / FOLDER for each in given if CAMPAIGN.keyword in each.data):
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        for file in files:
            if file.suffix not in _KINDS or not file.is_file() or file.resolve() in named:
                continue
            if _ID.fullmatch(file.stem):
                yield _document(file)
            else:
                text = f"{file.stem} is no id of a fragment."
                remedy = (
                    "Name it by 1 to 63 lower-case letters, digits and hyphens, which begin with a letter; or let a"
                    f" document name it, as in `{_SOURCE}: {file.name}`."
                )
                problems.append(Problem(str(file), text, remedy))


def _document(file: Path) -> Document:
    data = {FRAGMENT.keyword: file.stem, "kind": _KINDS[file.suffix], _SOURCE: file.name}
    return Document(data, Locations({"": Location(str(file), 1, 1)}), file.parent)


def _named_files(data: Any, folder: Path) -> Iterator[Path]:
    """Yields the files that a document takes texts from."""
    if isinstance(data, Mapping):
        for name, item in data.items():
            if str(name).endswith(FILE_SUFFIX) and isinstance(item, str):
                yield folder / item
            else:
                yield from _named_files(item, folder)
    elif isinstance(data, list):
        for item in data:
            yield from _named_files(item, folder)
