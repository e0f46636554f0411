"""Reads a source into its texts and tags, and finds the tags by which it takes and gives content: `include`, `extends`,
`block` and `super()`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from jinja2 import nodes

from clarion_server.adapters.rendering.templates.environment import ContentEnvironment
from clarion_server.adapters.rendering.templates.source_limits import MOST_TOKENS
from clarion_server.adapters.rendering.templates.structure import Refusal, read_tree, unsafe
from clarion_server.domain.finding import FindingCode
from clarion_server.domain.fragments.fragment_reference import FragmentReference, read_reference

#: Is a token of Jinja2's lexer: its kind, and how the source writes it.
Token = tuple[str, str]

_INCLUDE = 'Write the name of one fragment in quotes, as in `{% include "fragments/button" %}`.'
_EXTENDS = 'Begin the template with the name of one layout in quotes, as in `{% extends "fragments/base" %}`.'


@dataclass(frozen=True, slots=True)
class Text:
    line: int
    text: str
    is_raw: bool = False
    """Says whether it stood between `raw` and `endraw`."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Is a tag with its inner tokens. The white space that it takes away behind it is the last of them."""

    line: int
    is_block: bool
    """False: it writes a value."""
    tokens: tuple[Token, ...]

    @property
    def end_line(self) -> int:
        return self.line + sum(text.count("\n") for _, text in self.tokens)

    @property
    def words(self) -> list[Token]:
        return [token for token in self.tokens if token[0] != "whitespace"]


@dataclass(frozen=True, slots=True)
class Comment:
    """Stands for a comment, of which the line ends alone are kept."""

    line: int
    line_ends: int


@dataclass(frozen=True, slots=True)
class Include:
    tag: Tag
    reference: FragmentReference


@dataclass(frozen=True, slots=True)
class Super:
    """Stands for what the block has in the layout."""

    tag: Tag


@dataclass(frozen=True, slots=True)
class Block:
    tag: Tag
    end: Tag
    name: str
    is_required: bool
    body: tuple[Item, ...]


Item = Text | Tag | Comment | Include | Super | Block


@dataclass(frozen=True, slots=True)
class FragmentSource:
    """Is a source, taken apart."""

    items: tuple[Item, ...] = ()
    """Holds, of a source that extends a layout, the tags before the layout, which set variables."""
    layout: Include | None = None
    blocks: dict[str, Block] = field(default_factory=dict)
    """All blocks, also those within others."""
    stored: frozenset[str] = frozenset()
    """Holds the variables that it sets."""
    loaded: dict[str, int] = field(default_factory=dict)
    """Holds the names that it reads, with the line of the first place."""
    refusals: tuple[Refusal, ...] = ()


@lru_cache(maxsize=64)
def read_source(source: str, environment: ContentEnvironment) -> FragmentSource:
    """Returns the parts of a source. With refusals nothing else is there."""
    tree = read_tree(source, environment)
    if isinstance(tree, Refusal):
        return FragmentSource(refusals=(tree,))
    reader = _Reader(source, environment)
    items = reader.body()
    layout = reader.layout
    if layout is not None:
        items = tuple(reader.settings(items))
    refusals = tuple(reader.refusals)
    if refusals:
        return FragmentSource(refusals=refusals)
    names = list(tree.find_all(nodes.Name))
    stored = frozenset(name.name for name in names if name.ctx != "load")
    loaded: dict[str, int] = {}
    for name in names:
        if name.ctx == "load":
            loaded[name.name] = min(name.lineno, loaded.get(name.name, name.lineno))
    return FragmentSource(items, layout, reader.blocks, stored, loaded)


class _Reader:
    def __init__(self, source: str, environment: ContentEnvironment) -> None:
        self._items = _items(source, environment)
        self.refusals: list[Refusal] = []
        self.blocks: dict[str, Block] = {}
        self.layout: Include | None = None
        self._end: Tag | None = None
        self._has_begun = False

    def body(self, depth: int = 0) -> tuple[Item, ...]:
        """Reads up to the end of the block, or of the source."""
        body: list[Item] = []
        for item in self._items:
            if not isinstance(item, Tag):
                self._has_begun |= isinstance(item, Text) and bool(item.text.strip())
                body.append(item)
                continue
            words = item.words
            word = words[0][1] if item.is_block and words else ""
            if word == "endblock":
                self._end = item
                return tuple(body)
            if word == "extends":
                self._extend(item, depth)
            elif word == "include":
                self._include(item, body)
            elif word == "block":
                body.append(self._block(item, depth))
            elif not item.is_block and [text for _, text in words] == ["super", "(", ")"]:
                body.append(Super(item))
            else:
                body.append(item)
            self._has_begun = True
        return tuple(body)

    def settings(self, items: Sequence[Item]) -> Iterator[Item]:
        """Yields the tags that set variables. Refuses what a layout would leave out."""
        for item in items:
            if isinstance(item, Text) and item.text.strip():
                shown = " ".join(item.text.split())[:40]
                remedy = "Put it into one of the layout's blocks."
                self._refuse(
                    item.line, f"The text `{shown}` stands outside of the blocks, and would not be shown.", remedy
                )
            elif isinstance(item, Tag) and item.is_block and item.words[0][1] == "set":
                yield item
            elif isinstance(item, Tag | Include | Super):
                line = item.line if isinstance(item, Tag) else item.tag.line
                remedy = "Put it into one of the layout's blocks. `set` alone may stand outside."
                self._refuse(line, "The tag stands outside of the blocks, and would not be shown.", remedy)

    def _extend(self, tag: Tag, depth: int) -> None:
        reference = self._reference(tag, _EXTENDS)
        if reference is None:
            return
        if self._has_begun or depth:
            self._refuse(tag.line, "`extends` must be the first tag, before any text.", _EXTENDS)
        else:
            self.layout = Include(tag, reference)

    def _include(self, tag: Tag, body: list[Item]) -> None:
        reference = self._reference(tag, _INCLUDE)
        if reference is not None:
            body.append(Include(tag, reference))

    def _reference(self, tag: Tag, remedy: str) -> FragmentReference | None:
        word, *others = tag.words
        if [kind for kind, _ in others] != ["string"]:
            self._refuse(tag.line, f"`{word[1]}` takes the name of a fragment as it is, and nothing else.", remedy)
            return None
        name = others[0][1][1:-1]
        reference = read_reference(name)
        if reference is None:
            self._refuse(tag.line, f"`{name[:100]}` is no name of a fragment.", remedy)
        return reference

    def _block(self, tag: Tag, depth: int) -> Block:
        name, *options = (text for _, text in tag.words[1:])
        body = self.body(depth + 1)
        assert self._end is not None, "the source was parsed before"
        block = Block(tag, self._end, name, "required" in options, body)
        if "scoped" in options:
            self._refuse(tag.line, "`scoped` is not available.", "Remove it: a block sees the variables around it.")
        if name in self.blocks:
            remedy = "Give one of them another name."
            self.refusals.append(
                Refusal(FindingCode.TEMPLATE_SYNTAX, tag.line, f"There are two blocks `{name}`.", remedy)
            )
        self.blocks[name] = block
        return block

    def _refuse(self, line: int, message: str, remedy: str) -> None:
        self.refusals.append(unsafe(line, message, remedy))


def _items(source: str, environment: ContentEnvironment) -> Iterator[Text | Tag | Comment]:
    """Yields the texts and tags of a source that Jinja2 parses."""
    tokens: list[Token] = []
    begin, is_raw = 0, False
    for line, kind, text in islice(environment.lexer.tokeniter(source, None), MOST_TOKENS):
        if kind in {"block_begin", "variable_begin", "comment_begin"}:
            tokens, begin = [], line
        elif kind in {"block_end", "variable_end"}:
            tokens.append(("whitespace", "\n" * text.count("\n")))
            yield Tag(begin, kind == "block_end", tuple(tokens))
        elif kind == "comment":
            tokens.append((kind, text))
        elif kind == "comment_end":
            yield Comment(begin, sum(each.count("\n") for _, each in tokens) + text.count("\n"))
        elif kind in {"raw_begin", "raw_end"}:
            is_raw = kind == "raw_begin"
            yield Comment(line, text.count("\n"))
        elif kind == "data":
            yield Text(line, text, is_raw)
        else:
            tokens.append((kind, text))
