"""Files of YAML, read into documents whose values know where they stand."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.source_location import Place, Places
from clarion_server.transport.cli.files.yaml_schema import CoreLoader

SUFFIXES = frozenset({".yaml", ".yml"})
STDIN = Path("-")
#: More than any campaign has (a context schema's limit is 32), and the end of an alias that contains itself.
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Document:
    """A mapping from a file. `folder` is what the names of other files in it are relative to."""

    data: dict[str, Any]
    places: Places
    folder: Path


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files given, and the YAML files of the folders given, by name. Raises CommandFailed."""
    return [file for path in paths for file in _files_of(path)]


def read_documents(file: Path) -> list[Document]:
    """Raises CommandFailed, naming the line, for what is not YAML or not text."""
    name, text = _read(file)
    try:
        loader = CoreLoader(text)
        return [_document(loader, node, name, file.parent) for node in _nodes(loader)]
    except yaml.reader.ReaderError as error:
        where = f"{name}:{text.count(chr(10), 0, error.position) + 1}"
        character = f"the character U+{ord(text[error.position]):04X} has no place in a file"
        raise CommandFailed(f"{name} is not YAML as it should be.", [Problem(where, character)]) from error
    except RecursionError as error:
        raise CommandFailed(f"{name} is nested too deeply.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise CommandFailed(f"{name} is not YAML as it should be.", [Problem(f"{name}:{line}", problem)]) from error


def _files_of(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise CommandFailed(f"There is no .yaml file in {path}.")
    return files


def _read(file: Path) -> tuple[str, str]:
    """The file's name for errors, and its text."""
    if file == STDIN:
        return "stdin", sys.stdin.read()
    return str(file), text_of(file)


def text_of(file: Path) -> str:
    """Raises CommandFailed."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(f"{file}:{line}", f"This is not text in UTF-8: {error.reason}.")
        raise CommandFailed(f"{file} is not text in UTF-8.", [problem]) from error
    except OSError as error:
        raise CommandFailed(f"Cannot open {file}: {error.strerror}.") from error


def _nodes(loader: CoreLoader) -> Iterator[yaml.Node]:
    while loader.check_node():
        node = loader.get_node()
        # Nothing stands between two `---`.
        if node is not None and node.tag != "tag:yaml.org,2002:null":
            yield node


def _document(loader: CoreLoader, node: yaml.Node, name: str, folder: Path) -> Document:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "a document must be a mapping", node.start_mark)
    data: dict[str, Any] = loader.construct_document(node)
    places = {"": Place(name, node.start_mark.line + 1)}
    _note_places(node, "", name, places)
    return Document(data, Places(places), folder)


def _note_places(node: yaml.Node, path: str, file: str, places: dict[str, Place], depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise yaml.constructor.ConstructorError(None, None, "nested too deeply", node.start_mark)
    for place, (child_path, child) in _children(node, path):
        places[child_path] = Place(file, place.start_mark.line + 1, _text_line(child))
        _note_places(child, child_path, file, places, depth + 1)


def _children(node: yaml.Node, path: str) -> Iterator[tuple[yaml.Node, tuple[str, yaml.Node]]]:
    """Each child with its path, after the node that it begins with in the file: its key, or itself."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key, (f"{path}.{key.value}" if path else str(key.value), value)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield item, (f"{path}[{index}]", item)


def _text_line(node: yaml.Node) -> int:
    """The first line of a block's text. In other styles, lines of the text are not those of the file."""
    is_block = isinstance(node, yaml.ScalarNode) and node.style == "|"
    return node.start_mark.line + 2 if is_block else 0
