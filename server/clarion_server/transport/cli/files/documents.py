"""Reads YAML files into documents that know the line of each value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.source_location import Location, Locations
from clarion_server.transport.cli.files.yaml_syntax import MAX_DEPTH, MERGE, NULL, TEXT, yaml_processor
from clarion_server.transport.cli.text_input import read_text, source_name

SUFFIXES = frozenset({".yaml", ".yml"})
#: More than any campaign has. It ends aliases of aliases, which make a short file into gigabytes.
MAX_VALUES = 50_000


@dataclass(frozen=True, slots=True)
class Document:
    """Is a mapping from a file. `folder` is what the names of other files in it are relative to."""

    data: dict[str, Any]
    locations: Locations
    folder: Path


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Returns the files given, and the YAML files of the folders given, by name, each once. Raises CommandFailed."""
    return list({file.resolve(): file for path in paths for file in _files_of(path)}.values())


def read_documents(file: Path) -> list[Document]:
    """Raises CommandFailed, naming the line, for what is not YAML or not text."""
    return parse_documents(file, read_text(file))


def parse_documents(file: Path, text: str) -> list[Document]:
    """Returns the documents that a file would have with this text. Raises CommandFailed as `read_documents`."""
    name, yaml = source_name(file), yaml_processor()
    try:
        roots = [root for root in yaml.compose_all(text) if root is not None and root.tag != NULL]
        # The locations come first: they refuse what would be too large.
        locations = [_Finder(name).locations_of(root) for root in roots]
        documents = zip(map(yaml.constructor.construct_document, roots), locations, strict=True)
        return [Document(data, found, file.parent) for data, found in documents]
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _malformed(name, line, f"The character U+{ord(text[error.position]):04X} is not allowed.") from error
    except MaxDepthExceededError as error:
        line = error.problem_mark.line + 1
        raise _malformed(name, line, f"The document is nested deeper than {MAX_DEPTH} levels.") from error
    except MarkedYAMLError as error:
        raise _malformed(name, error.problem_mark.line + 1, _text(error)) from error
    except (ArithmeticError, AssertionError, LookupError, ValueError, YAMLError) as error:
        # The library does not expect some values of explicit tags, numbers of many digits, and other versions of YAML.
        raise _malformed(name, 1, f"A value or directive of this file is not valid: {error}") from error


def _text(error: MarkedYAMLError) -> str:
    """Returns what is wrong, and where that began when it is some lines above."""
    begin, end = error.context_mark, error.problem_mark
    is_above = begin is not None and begin.line != end.line
    context = f"{error.context} that begins at line {begin.line + 1}" if is_above else error.context
    return f"{', '.join(str(part) for part in (context, error.problem) if part)}."


def _files_of(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(_files_within(path))
    if not files:
        raise CommandFailed(f"There is no .yaml file in {path}.")
    return files


def _files_within(folder: Path) -> Iterator[Path]:
    """Yields the YAML files of a folder and of its folders, also of those that are links. A link that leads nowhere is
    a file that cannot be opened.
    """
    seen = set()
    for name, folders, files in os.walk(folder, followlinks=True):
        real = Path(name).resolve()
        if real in seen:
            # A link to a folder around it would have no end.
            folders.clear()
            continue
        seen.add(real)
        found = (Path(name, file) for file in files)
        yield from (each for each in found if each.suffix in SUFFIXES and (each.is_file() or each.is_symlink()))


def _malformed(file: str, line: int, problem: str) -> CommandFailed:
    return CommandFailed(f"{file} is not valid YAML.", [Problem(f"{file}:{line}", problem, line=line)])


class _Finder:
    """Finds the location of each value of a document by its path, and what the library would let pass."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._values = 0
        self._locations: dict[str, Location] = {}
        self._problems: list[Problem] = []

    def locations_of(self, root: Node) -> Locations:
        """Raises CommandFailed."""
        if not isinstance(root, MappingNode):
            raise _malformed(self._file, _line(root), "A document must be a mapping.")
        self._locations[""] = Location(self._file, _line(root))
        self._enter(root, "", 0)
        if self._problems:
            raise CommandFailed(f"{self._file} is not valid YAML.", self._problems)
        return Locations(self._locations)

    def _enter(self, node: Node, path: str, depth: int) -> None:
        self._values += 1
        if self._values > MAX_VALUES or depth > MAX_DEPTH:
            text = f"Aliases make more than {MAX_VALUES:,} values or {MAX_DEPTH} levels of the document."
            raise _malformed(self._file, _line(node), text)
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self._record(item, item, f"{path}[{index}]", depth)
        elif isinstance(node, MappingNode):
            self._enter_mapping(node, path, depth)

    def _enter_mapping(self, node: MappingNode, path: str, depth: int) -> None:
        for key, item in node.value:
            if key.tag == MERGE:
                for source in item.value if isinstance(item, SequenceNode) else [item]:
                    self._enter(source, path, depth + 1)
        names: set[str] = set()
        for key, item in node.value:
            child = f"{path}.{key.value}" if path else str(key.value)
            if not isinstance(key, ScalarNode) or key.tag not in {MERGE, TEXT}:
                self._add_problem(key, path, "A key must be a text. Put it in quotes.")
            elif key.value in names:
                self._add_problem(key, child, "It is given twice.")
            elif key.tag != MERGE:
                self._record(key, item, child, depth)
            names.add(str(key.value))

    def _record(self, start: Node, node: Node, path: str, depth: int) -> None:
        # The lines of a block are those of the file, from the one below its indicator.
        is_block = isinstance(node, ScalarNode) and node.style == "|"
        self._locations[path] = Location(self._file, _line(start), _line(node) + 1 if is_block else 0)
        self._enter(node, path, depth + 1)

    def _add_problem(self, node: Node, path: str, text: str) -> None:
        where = f"{self._file}:{_line(node)}"
        self._problems.append(Problem(f"{where}: {path}" if path else where, text, line=_line(node)))


def _line(node: Node) -> int:
    """Returns the line at which a node begins, counted from 1."""
    return int(node.start_mark.line) + 1
