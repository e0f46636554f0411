"""Writes fragments and layouts into the source that names them, so that one template is left.

The result means what Jinja2 makes of `include`, `extends`, `block` and `super()`, with two differences. A fragment sees
its parameters and no other variable of what includes it: where names meet, those of the fragment are changed. A block
sees the variables of its own source around it, as with Jinja2's `scoped`.

Every change from one source to another is a tag with a line end in it, which writes nothing. So each line of the result
comes from one line of one source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from clarion_server.adapters.rendering.building.fragment_refusals import (
    FragmentFinder,
    FragmentRefusals,
    Placed,
    Stopped,
    stopped,
)
from clarion_server.adapters.rendering.building.fragment_source import (
    Block,
    Comment,
    FragmentSource,
    Include,
    Item,
    Super,
    Tag,
    Text,
    read_source,
)
from clarion_server.adapters.rendering.building.scopes import Layer, Scope
from clarion_server.adapters.rendering.building.variables import fresh_name, renamed
from clarion_server.adapters.rendering.content_kind import IncludeSite
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.structure import LONGEST_SOURCE, Refusal, closest, unsafe
from clarion_server.domain.content.source_places import Place, Stretch, Stretches, joined
from clarion_server.domain.finding import FindingCode
from clarion_server.domain.fragments.fragment import FragmentContent, FragmentKind, FragmentVersion

_HAS_FRAGMENTS = re.compile(r"\{%[-+]?\s*(?:include|extends|block)\b")
_ESCAPING = {FragmentKind.HTML: Escaping.HTML, FragmentKind.TEXT: Escaping.NONE}


@dataclass(frozen=True, slots=True)
class Flattened:
    text: str
    """Is the source itself where there is nothing to do."""
    stretches: Stretches = ()
    sites: Mapping[int, IncludeSite] = field(default_factory=dict)
    """Holds the inclusions by the line of the tag `with` at which a fragment begins."""
    refusals: tuple[Placed, ...] = ()
    """With any, the text means nothing."""
    fragments: tuple[FragmentVersion, ...] = ()
    """Holds those that stand in it, each once."""


def flatten(
    source: str,
    escaping: Escaping,
    find: FragmentFinder,
    *,
    fragment: FragmentVersion | None = None,
) -> Flattened:
    """Returns the source with all that it names. `fragment` is set when it is the source of a fragment itself."""
    if not _HAS_FRAGMENTS.search(source):
        return Flattened(source)
    flattener = _Flattener(escaping, find)
    try:
        flattener.write(source, fragment)
    except Stopped as stop:
        return Flattened(source, refusals=(*flattener.refusals.found, stop.placed))
    text = "".join([*flattener.pieces, "\n"])
    return Flattened(
        text,
        joined(flattener.stretches),
        flattener.sites,
        tuple(flattener.refusals.found),
        tuple({each.name: each for each in flattener.fragments}.values()),
    )


class _Flattener:
    def __init__(self, escaping: Escaping, find: FragmentFinder) -> None:
        self._escaping = escaping
        self._environment = ENVIRONMENTS[escaping]
        self._find = find
        self.pieces: list[str] = []
        self.stretches: list[Stretch] = []
        self.sites: dict[int, IncludeSite] = {}
        self.refusals = FragmentRefusals(escaping, find)
        self.fragments: list[FragmentVersion] = []
        self._line = 1
        self._length = 0
        self._open: list[Scope] = []
        self._issued: set[str] = set()
        self._blocks: list[tuple[Scope, str]] = []
        self._root: Scope | None = None
        """The fragment that is flattened by itself."""

    def write(self, source: str, fragment: FragmentVersion | None) -> None:
        """Writes a whole content, or a whole fragment."""
        read = read_source(source, self._environment)
        names = {name: name for name in self._variables(read, fragment.content if fragment else None)}
        scope = Scope(read, names, fragments=(fragment,) if fragment else ())
        self._root = scope if fragment else None
        self.refusals.check_readable(scope)
        if fragment is None and read.layout is None:
            for block in read.blocks.values():
                remedy = 'Begin with `{% extends "fragments/base" %}`, or remove the block.'
                self.refusals.refuse(scope, block.tag.line, "A block has a meaning within a layout alone.", remedy)
        self._issued.update(names, read.loaded)
        self._begin(scope, 1)
        with self._opened(scope):
            self._write_scope(scope)

    # The structure.

    def _write_scope(self, scope: Scope) -> None:
        """Writes a source, within its layouts if it has some."""
        scopes, closed = [scope], 0
        while (layout := scopes[-1].source.layout) is not None:
            above = scopes[-1]
            self._write_items(above.source.items, above, Layer(scopes))
            entered = self._enter(above, layout, is_layout=True)
            if entered is None:
                break
            closed += 1
            self._open.append(entered)
            scopes.append(entered)
        else:
            layer = Layer(scopes)
            self._check_blocks(layer)
            self._write_items(scopes[-1].source.items, scopes[-1], layer)
        for _ in range(closed):
            self._open.pop()
            self._boundary("endwith", scope, scope.source.layout.tag.end_line if scope.source.layout else 1)

    def _write_items(self, items: Iterable[Item], scope: Scope, layer: Layer) -> None:
        for item in items:
            match item:
                case Text():
                    self._text(item)
                case Tag():
                    self._tag(item, scope)
                case Comment():
                    self._sync(scope, item.line, "{#")
                    self._put("\n" * item.line_ends + "#}")
                case Include():
                    self._write_include(item, scope)
                case Block():
                    self._write_block(item, scope, layer)
                case Super():
                    self._write_super(item, scope, layer)

    def _write_include(self, include: Include, scope: Scope) -> None:
        entered = self._enter(scope, include)
        if entered is not None:
            with self._opened(entered):
                self._write_scope(entered)
            self._boundary("endwith", scope, include.tag.end_line)

    def _write_block(self, block: Block, scope: Scope, layer: Layer) -> None:
        """Writes what the first source has for a block of the layout."""
        _, owner, shown = next(layer.blocks(block.name))
        if shown.is_required:
            remedy = f"Write `{{% block {block.name} %}}…{{% endblock %}}`."
            missing = f"The layout needs the block `{block.name}`."
            if owner is not self._root:
                self.refusals.refuse(layer.scopes[0], layer.scopes[0].layout_line, missing, remedy)
        self._write_body(shown, owner, layer)
        self._boundary("endwith", scope, block.end.end_line)

    def _write_super(self, call: Super, scope: Scope, layer: Layer) -> None:
        name = next((each for of, each in reversed(self._blocks) if of is scope), None)
        level = next((index for index, each in enumerate(layer.scopes) if each is scope), 0)
        above = [found for found in layer.blocks(name or "") if found[0] > level]
        if not above:
            remedy = "Remove `super()`."
            self.refusals.refuse(scope, call.tag.line, "There is no layout whose block `super()` could write.", remedy)
            return
        self.refusals.count(scope, call.tag.line)
        _, owner, block = above[0]
        self._write_body(block, owner, layer)
        self._boundary("endwith", scope, call.tag.end_line)

    def _write_body(self, block: Block, owner: Scope, layer: Layer) -> None:
        if (owner, block.name) in self._blocks:
            path = " → ".join(f"block {name}" for _, name in [*self._blocks, (owner, block.name)])
            remedy = "Let one of the blocks stand outside of the other."
            message = f"The blocks go in a circle: {path}."
            raise stopped(owner, Refusal(FindingCode.FRAGMENT_CIRCLE, block.tag.line, message, remedy))
        self._boundary("with", owner, block.tag.end_line)
        self._blocks.append((owner, block.name))
        self._write_items(block.body, owner, layer)
        self._blocks.pop()

    def _check_blocks(self, layer: Layer) -> None:
        """Refuses blocks that no layout shows."""
        shown = set(layer.scopes[-1].source.blocks)
        for scope in reversed(layer.scopes[:-1]):
            for block in scope.source.blocks.values():
                is_within = any(_holds(other, block) for other in scope.source.blocks.values() if other is not block)
                if block.name not in shown and not is_within:
                    message = f"The layout has no block `{block.name}`, so that it would not be shown."
                    remedy = f"Correct the name.{closest(block.name, shown)}"
                    self.refusals.refuse(scope, block.tag.line, message, remedy)
            shown.update(scope.source.blocks)

    # Fragments.

    def _enter(self, scope: Scope, include: Include, *, is_layout: bool = False) -> Scope | None:
        """Begins a fragment, and returns its scope; None when it is refused."""
        line, reference = include.tag.line, include.reference
        found = self._find(reference)
        if found is None:
            self.refusals.refuse_missing(scope, line, reference)
            return None
        self.refusals.count(scope, line)
        self.refusals.check_chain(scope, line, found)
        if _ESCAPING[found.content.kind] is not self._escaping:
            self.refusals.refuse_kind(scope, line, found)
            return None
        self.fragments.append(found)
        read = read_source(found.content.source, self._environment)
        names, bindings = self._names(scope, read, found.content, is_layout=is_layout)
        place = scope.place(line)
        content_line, way = (line, ()) if not scope.way else (place.line, place.way)
        entered = Scope(read, names, content_line, (*way, found.name), (*scope.fragments, found))
        self.refusals.check_readable(entered)
        self.refusals.check_parameters(scope, line, found)
        # The line ends are that of the tag `with`, which no other tag is in.
        self._sync(scope, line, "{%")
        called_at = self._line
        self._put("\n")
        arguments = {name: scope.names[name] for name in found.content.parameter_names if name in scope.names}
        self.sites[self._line] = IncludeSite(found, arguments, called_at)
        self._put(f"with {bindings}\n".replace("with \n", "with\n"))
        self._begin(entered, 1)
        self._put("%}")
        return entered

    def _names(
        self, scope: Scope, read: FragmentSource, content: FragmentContent, *, is_layout: bool
    ) -> tuple[dict[str, str], str]:
        """Returns what the variables of a fragment are called, and how those begin that are given in another name."""
        around = {name for each in self._open for name in each.names.values()}
        names, bindings = {}, []
        for name in self._variables(read, content):
            is_given = name in content.parameter_names and name in scope.names
            # The blocks in a layout see the variables of the content, which it must not change.
            if is_given and not (is_layout and name in read.stored):
                names[name] = scope.names[name]
            elif name in around:
                names[name] = fresh_name(name, self._issued)
            else:
                names[name] = name
            self._issued.add(names[name])
            if is_given and names[name] != scope.names[name]:
                bindings.append(f"{names[name]} = {scope.names[name]}")
        return names, ", ".join(bindings)

    def _variables(self, read: FragmentSource, content: FragmentContent | None) -> list[str]:
        return sorted(read.stored | (content.parameter_names if content else frozenset()))

    # The text of the result.

    @contextmanager
    def _opened(self, scope: Scope) -> Iterator[None]:
        self._open.append(scope)
        yield
        self._open.pop()

    def _text(self, item: Text) -> None:
        text = item.text
        if not text:
            return
        if item.is_raw:
            self._put(f"{{% raw %}}{text}{{% endraw %}}")
        elif text.endswith("{"):
            # It must not begin a tag with what follows it.
            self._put(f"{text[:-1]}{{% raw %}}{{{{% endraw %}}")
        else:
            self._put(text)

    def _tag(self, tag: Tag, scope: Scope) -> None:
        begin, end = ("{%", "%}") if tag.is_block else ("{{", "}}")
        self._sync(scope, tag.line, begin)
        self._put(f"{renamed(tag.tokens, scope.names, scope.text_prefix, is_block=tag.is_block)}{end}")

    def _boundary(self, word: str, scope: Scope, line: int) -> None:
        """Writes a tag behind which the source of a scope stands, at that line."""
        self._put(f"{{%\n{word}\n")
        self._begin(scope, line)
        self._put("%}")

    def _sync(self, scope: Scope, line: int, begin: str) -> None:
        """Begins a tag that is at that line of its source."""
        self._put(begin)
        last = self.stretches[-1]
        missing = line - (last.line + self._line - last.first)
        if (last.content_line, last.way) == (scope.content_line, scope.way) and missing >= 0:
            self._put("\n" * missing)
        else:
            self._put("\n")
            self._begin(scope, line)

    def _begin(self, scope: Scope, line: int) -> None:
        self.stretches.append(Stretch(self._line, line, scope.content_line, scope.way))

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self._line += text.count("\n")
        self._length += len(text)
        if self._length > LONGEST_SOURCE:
            scope = self._open[-1]
            message = f"The part has more than {LONGEST_SOURCE:,} characters with its fragments."
            line = scope.content_line or 1
            raise Stopped(Placed(unsafe(line, message, "Shorten them, or include fewer."), Place(line)))


def _holds(outer: Block, inner: Block) -> bool:
    return any(item is inner or (isinstance(item, Block) and _holds(item, inner)) for item in outer.body)
