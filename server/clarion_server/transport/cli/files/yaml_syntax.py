"""Reads and writes YAML 1.2 by ruamel.yaml, held to the specification where the library differs from it.

The core schema alone decides what a plain scalar is (https://yaml.org/spec/1.2.2/#103-core-schema): dates, `1_000` and
`0b1` are texts, as in JSON. Tabs may separate tokens and end lines.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scanner import Scanner, ScannerError
from ruamel.yaml.tag import Tag

#: More than any campaign has: the limit of a context schema is 32.
MAX_DEPTH = 100

_PREFIX = "tag:yaml.org,2002:"
NULL, MERGE, TEXT = f"{_PREFIX}null", f"{_PREFIX}merge", f"{_PREFIX}str"
#: Holds the forms of plain scalars that are no text, and their tags.
_CORE_SCHEMA = {
    re.compile(r"~|null|Null|NULL|"): NULL,
    re.compile(r"true|True|TRUE|false|False|FALSE"): f"{_PREFIX}bool",
    re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"): f"{_PREFIX}int",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"): f"{_PREFIX}float",
    re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"): f"{_PREFIX}float",
    re.compile("<<"): MERGE,
}
_BLANKS = " \t"
_LINE_ENDS = "\0\r\n\x85\u2028\u2029"


def yaml_processor() -> YAML:
    """Returns what reads or writes one file."""
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.Resolver, yaml.Scanner, yaml.Constructor = _CoreResolver, _TabScanner, _Constructor
    yaml.Representer = _BlockRepresenter
    yaml.composer.warn_double_anchors = False
    yaml.width = 10**9
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # its default, None, means True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def plain_scalar(text: str) -> Any:
    """Returns what a text is as a plain scalar: a number, a truth value, null, or the text itself."""
    yaml = yaml_processor()
    return yaml.constructor.construct_object(ScalarNode(yaml.resolver.resolve(ScalarNode, text, (True, False)), text))


def dump(data: Mapping[str, Any]) -> str:
    """Returns data as YAML, in the order of its keys."""
    stream = io.StringIO()
    yaml_processor().dump(data, stream)
    return stream.getvalue()


class _CoreResolver(VersionedResolver):
    """Gives plain scalars the tags of the core schema."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0]:
            return Tag(suffix=next((tag for form, tag in _CORE_SCHEMA.items() if form.fullmatch(value)), TEXT))
        return super().resolve(kind, value, (False, False))


class _TabScanner(Scanner):
    """Takes tabs for blanks, but not where they would indent a block."""

    def scan_to_next_token(self) -> None:
        super().scan_to_next_token()
        while self.reader.peek() == "\t" and self._separates():
            self._skip_blanks()
            # What follows a tab begins no block, as its column would depend on the width of the tab.
            self.allow_simple_key = False
            super().scan_to_next_token()
        if self.reader.peek() == "\t":
            raise ScannerError(None, None, "a tab cannot indent a block", self.reader.get_mark())

    def scan_plain_spaces(self, indent: int, start_mark: Any) -> Any:
        blanks = self._blanks()
        if "\t" not in blanks:
            return super().scan_plain_spaces(indent, start_mark)
        self.reader.forward(len(blanks))
        return super().scan_plain_spaces(indent, start_mark) if self.reader.peek() in _LINE_ENDS else [blanks]

    def scan_block_scalar_indentation(self) -> Any:
        """Finds the indentation of a block and the empty lines at its beginning, which may have fewer blanks."""
        breaks, indentation, end_mark = [], 0, self.reader.get_mark()
        while self.reader.peek() in " \r\n":
            if self.reader.peek() == " ":
                self.reader.forward()
                indentation = max(indentation, self.reader.column)
            else:
                breaks.append(self.scan_line_break())
                end_mark = self.reader.get_mark()
        return breaks, indentation, end_mark

    def _separates(self) -> bool:
        """Returns whether the tab here follows a token, or its line has none."""
        reader = self.reader
        line = reader.buffer[reader.pointer - reader.column : reader.pointer]
        return bool(line.strip()) or reader.peek(len(self._blanks())) in f"{_LINE_ENDS}#"

    def _blanks(self) -> str:
        length = 0
        while self.reader.peek(length) in _BLANKS:
            length += 1
        return str(self.reader.prefix(length))

    def _skip_blanks(self) -> None:
        self.reader.forward(len(self._blanks()))


class _Constructor(SafeConstructor):
    def construct_text(self, node: ScalarNode) -> str:
        # JSON escapes a character beyond the basic plane as two.
        try:
            return str(node.value).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError as error:
            raise ConstructorError(None, None, "half of a surrogate pair is no character", node.start_mark) from error


_Constructor.add_constructor(TEXT, _Constructor.construct_text)


class _BlockRepresenter(SafeRepresenter):
    """Writes texts of several lines as blocks, which people can read and diffs can compare."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's hook
        return True

    def represent_text(self, text: str) -> Any:
        return self.represent_scalar(TEXT, text, style=_style(text))


_BlockRepresenter.add_representer(str, _BlockRepresenter.represent_text)


def _style(text: str) -> str | None:
    if all(character.isprintable() or character in "\n\t" for character in text):
        return "|" if "\n" in text else None
    # Only escapes bring the others through. Some of them end a line in YAML 1.1.
    return '"'
