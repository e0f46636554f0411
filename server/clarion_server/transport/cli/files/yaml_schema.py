"""YAML 1.2 as far as PyYAML, which speaks 1.1, can be taught: its core schema decides what a plain scalar is.

So `no` is Norway and not false, `12:30` is a text, and a date stays as it was written, as in JSON.
Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import io
import re
from typing import Any

import yaml

#: Line ends to PyYAML, which YAML 1.2 takes for characters like others.
_LINE_ENDS_OF_1_1 = frozenset("\x85\u2028\u2029")

_RULES = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    "merge": (r"<<", ["<"]),
}


class CoreResolver(yaml.resolver.BaseResolver):
    """Decides by the core schema, for reading and for writing."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - filled below, then fixed


for _name, (_pattern, _first) in _RULES.items():
    CoreResolver.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_pattern})$"), _first)


class CoreLoader(
    yaml.reader.Reader,
    yaml.scanner.Scanner,
    yaml.parser.Parser,
    yaml.composer.Composer,
    yaml.constructor.SafeConstructor,
    CoreResolver,
):
    """Reads what JSON can say, and refuses keys that stand twice."""

    def __init__(self, stream: str) -> None:
        yaml.reader.Reader.__init__(self, stream)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)
        yaml.constructor.SafeConstructor.__init__(self)
        CoreResolver.__init__(self)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands here twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        text = self.construct_scalar(node)
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


CoreLoader.yaml_constructors = {
    **yaml.constructor.SafeConstructor.yaml_constructors,
    "tag:yaml.org,2002:int": CoreLoader.construct_integer,
}


class CoreDumper(
    yaml.emitter.Emitter,
    yaml.serializer.Serializer,
    yaml.representer.SafeRepresenter,
    CoreResolver,
):
    """Writes texts of several lines as blocks, which people can read and diffs can compare."""

    def __init__(self, stream: Any) -> None:
        yaml.emitter.Emitter.__init__(self, stream, width=10**9, allow_unicode=True, indent=2)
        yaml.serializer.Serializer.__init__(self)
        yaml.representer.SafeRepresenter.__init__(self, default_flow_style=False, sort_keys=False)
        CoreResolver.__init__(self)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the representer's hook
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the emitter's hook
        # Items of a list stand deeper than its name.
        super().increase_indent(flow, indentless=False)

    def analyze_scalar(self, scalar: str) -> yaml.emitter.ScalarAnalysis:
        analysis = super().analyze_scalar(scalar)
        if not _LINE_ENDS_OF_1_1.isdisjoint(scalar):
            # Only escapes bring these through.
            analysis.allow_flow_plain = analysis.allow_block_plain = False
            analysis.allow_single_quoted = analysis.allow_block = False
            return analysis
        # PyYAML puts quotes around tabs and around blanks at the end of a line, which a block holds as well.
        if analysis.multiline and _fits_block(scalar):
            analysis.allow_block = True
        return analysis

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


CoreDumper.add_representer(str, CoreDumper.represent_text)


def _fits_block(text: str) -> bool:
    return all(character.isprintable() or character in "\n\t" for character in text)


def dump(data: Any) -> str:
    """Data as YAML, in the order of its keys."""
    stream = io.StringIO()
    dumper = CoreDumper(stream)
    try:
        dumper.open()
        dumper.represent(data)
        dumper.close()
    finally:
        dumper.dispose()
    return stream.getvalue()
