"""Writes fragments and layouts into the source that names them, so that one template is left.

The result means what Jinja2 makes of `include`, `extends`, `block` and `super()`, with two differences. A fragment sees
its parameters and no other variable of what includes it: where names meet, those of the fragment are changed. A block
sees the variables of its own source around it, as with Jinja2's `scoped`.

Every change from one source to another is a tag with a line end in it, which writes nothing. So each line of the result
comes from one line of one source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

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
from clarion_server.adapters.rendering.building.variables import fresh_name, renamed
from clarion_server.adapters.rendering.content_kind import Escaping, IncludeSite
from clarion_server.adapters.rendering.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.structure import LONGEST_SOURCE, Refusal, closest, unsafe
from clarion_server.adapters.rendering.texts import FRAGMENT_END
from clarion_server.domain.finding import FindingCode
from clarion_server.domain.fragment import FragmentContent, FragmentKind, FragmentVersion
from clarion_server.domain.fragment_reference import FragmentReference
from clarion_server.domain.source_places import Place, Stretch, Stretches, joined

#: Fragments, layouts and uses of `super()` in one source.
MOST_INCLUDES = 100
DEEPEST = 5
_HAS_FRAGMENTS = re.compile(r"\{%[-+]?\s*(?:include|extends|block)\b")
_ESCAPING = {FragmentKind.HTML: Escaping.HTML, FragmentKind.TEXT: Escaping.NONE}

#: Returns the version that a name means; None when there is none.
FragmentFinder = Callable[[FragmentReference], FragmentVersion | None]


@dataclass(frozen=True, slots=True)
class Placed:
    """Why a source is refused, and where."""

    refusal: Refusal
    place: Place


@dataclass(frozen=True, slots=True)
class Flattened:
    text: str
    """The source itself where there is nothing to do."""
    stretches: Stretches = ()
    sites: Mapping[int, IncludeSite] = field(default_factory=dict)
    """By the line of the tag `with` at which a fragment begins."""
    refusals: tuple[Placed, ...] = ()
    """With any, the text means nothing."""
    fragments: tuple[FragmentVersion, ...] = ()
    """Those that stand in it, each once."""


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
    except _Stopped as stopped:
        return Flattened(source, refusals=(*flattener.refusals, stopped.placed))
    text = "".join([*flattener.pieces, "\n"])
    return Flattened(
        text,
        joined(flattener.stretches),
        flattener.sites,
        tuple(flattener.refusals),
        tuple({each.name: each for each in flattener.fragments}.values()),
    )


class _Stopped(Exception):
    def __init__(self, placed: Placed) -> None:
        super().__init__(placed.refusal.message)
        self.placed = placed


@dataclass(eq=False, slots=True)
class _Scope:
    """One source at one place of the result."""

    source: FragmentSource
    names: Mapping[str, str]
    """What its variables are called in the result."""
    content_line: int = 0
    way: tuple[str, ...] = ()
    fragments: tuple[FragmentVersion, ...] = ()
    """The fragment itself behind those that led to it."""

    @property
    def text_prefix(self) -> str:
        """Returns what makes the keys of its texts its own."""
        own = self.fragments[-1] if self.fragments else None
        return f"{own.name}{FRAGMENT_END}" if own is not None and own.content.translations else ""

    def place(self, line: int) -> Place:
        return Stretch(0, line, self.content_line, self.way).place(0)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A source with the layouts that it stands in: the blocks of the first one are shown."""

    scopes: Sequence[_Scope]

    def blocks(self, name: str) -> Iterator[tuple[int, _Scope, Block]]:
        for level, scope in enumerate(self.scopes):
            if name in scope.source.blocks:
                yield level, scope, scope.source.blocks[name]


class _Flattener:
    def __init__(self, escaping: Escaping, find: FragmentFinder) -> None:
        self._escaping = escaping
        self._environment = ENVIRONMENTS[escaping]
        self._find = find
        self.pieces: list[str] = []
        self.stretches: list[Stretch] = []
        self.sites: dict[int, IncludeSite] = {}
        self.refusals: list[Placed] = []
        self.fragments: list[FragmentVersion] = []
        self._line = 1
        self._length = 0
        self._includes = 0
        self._open: list[_Scope] = []
        self._issued: set[str] = set()
        self._blocks: list[tuple[_Scope, str]] = []
        self._root: _Scope | None = None
        """The fragment that is flattened by itself."""

    def write(self, source: str, fragment: FragmentVersion | None) -> None:
        """Writes a whole content, or a whole fragment."""
        read = read_source(source, self._environment)
        names = {name: name for name in self._variables(read, fragment.content if fragment else None)}
        scope = _Scope(read, names, fragments=(fragment,) if fragment else ())
        self._root = scope if fragment else None
        self._check(scope)
        if fragment is None and read.layout is None:
            for block in read.blocks.values():
                remedy = 'Begin with `{% extends "fragments/base" %}`, or remove the block.'
                self._refuse(scope, block.tag.line, "A block has a meaning within a layout alone.", remedy)
        self._issued.update(names, read.loaded)
        self._begin(scope, 1)
        with self._opened(scope):
            self._write_scope(scope)

    # The structure.

    def _write_scope(self, scope: _Scope) -> None:
        """Writes a source, within its layouts if it has some."""
        scopes, closed = [scope], 0
        while (layout := scopes[-1].source.layout) is not None:
            above = scopes[-1]
            self._write_items(above.source.items, above, _Layer(scopes))
            entered = self._enter(above, layout, is_layout=True)
            if entered is None:
                break
            closed += 1
            self._open.append(entered)
            scopes.append(entered)
        else:
            layer = _Layer(scopes)
            self._check_blocks(layer)
            self._write_items(scopes[-1].source.items, scopes[-1], layer)
        for _ in range(closed):
            self._open.pop()
            self._boundary("endwith", scope, scope.source.layout.tag.end_line if scope.source.layout else 1)

    def _write_items(self, items: Iterable[Item], scope: _Scope, layer: _Layer) -> None:
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

    def _write_include(self, include: Include, scope: _Scope) -> None:
        entered = self._enter(scope, include)
        if entered is not None:
            with self._opened(entered):
                self._write_scope(entered)
            self._boundary("endwith", scope, include.tag.end_line)

    def _write_block(self, block: Block, scope: _Scope, layer: _Layer) -> None:
        """Writes what the first source has for a block of the layout."""
        _, owner, shown = next(layer.blocks(block.name))
        if shown.is_required:
            remedy = f"Write `{{% block {block.name} %}}…{{% endblock %}}`."
            missing = f"The layout needs the block `{block.name}`."
            if owner is not self._root:
                self._refuse(layer.scopes[0], _line_of_layout(layer.scopes[0]), missing, remedy)
        self._write_body(shown, owner, layer)
        self._boundary("endwith", scope, block.end.end_line)

    def _write_super(self, call: Super, scope: _Scope, layer: _Layer) -> None:
        name = next((each for of, each in reversed(self._blocks) if of is scope), None)
        level = next((index for index, each in enumerate(layer.scopes) if each is scope), 0)
        above = [found for found in layer.blocks(name or "") if found[0] > level]
        if not above:
            remedy = "Remove `super()`."
            self._refuse(scope, call.tag.line, "There is no layout whose block `super()` could write.", remedy)
            return
        self._count(scope, call.tag.line)
        _, owner, block = above[0]
        self._write_body(block, owner, layer)
        self._boundary("endwith", scope, call.tag.end_line)

    def _write_body(self, block: Block, owner: _Scope, layer: _Layer) -> None:
        if (owner, block.name) in self._blocks:
            path = " → ".join(f"block {name}" for _, name in [*self._blocks, (owner, block.name)])
            remedy = "Let one of the blocks stand outside of the other."
            refusal = Refusal(
                FindingCode.FRAGMENT_CIRCLE, block.tag.line, f"The blocks go in a circle: {path}.", remedy
            )
            raise _Stopped(Placed(refusal, owner.place(block.tag.line)))
        self._boundary("with", owner, block.tag.end_line)
        self._blocks.append((owner, block.name))
        self._write_items(block.body, owner, layer)
        self._blocks.pop()

    def _check_blocks(self, layer: _Layer) -> None:
        """Refuses blocks that no layout shows."""
        shown = set(layer.scopes[-1].source.blocks)
        for scope in reversed(layer.scopes[:-1]):
            for block in scope.source.blocks.values():
                is_within = any(_holds(other, block) for other in scope.source.blocks.values() if other is not block)
                if block.name not in shown and not is_within:
                    message = f"The layout has no block `{block.name}`, so that it would not be shown."
                    remedy = f"Correct the name.{closest(block.name, shown)}"
                    self._refuse(scope, block.tag.line, message, remedy)
            shown.update(scope.source.blocks)

    # Fragments.

    def _enter(self, scope: _Scope, include: Include, *, is_layout: bool = False) -> _Scope | None:
        """Begins a fragment, and returns its scope; None when it is refused."""
        line, reference = include.tag.line, include.reference
        found = self._find(reference)
        if found is None:
            self._refuse_missing(scope, line, reference)
            return None
        self._count(scope, line)
        self._check_chain(scope, line, found)
        if _ESCAPING[found.content.kind] is not self._escaping:
            self._refuse_kind(scope, line, found)
            return None
        self.fragments.append(found)
        read = read_source(found.content.source, self._environment)
        names, bindings = self._names(scope, read, found.content, is_layout=is_layout)
        place = scope.place(line)
        content_line, way = (line, ()) if not scope.way else (place.line, place.way)
        entered = _Scope(read, names, content_line, (*way, found.name), (*scope.fragments, found))
        self._check(entered)
        self._check_parameters(scope, line, found)
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
        self, scope: _Scope, read: FragmentSource, content: FragmentContent, *, is_layout: bool
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

    def _check(self, scope: _Scope) -> None:
        """Refuses a source that cannot be read."""
        self.refusals += [Placed(refusal, scope.place(refusal.line)) for refusal in scope.source.refusals]

    def _check_parameters(self, scope: _Scope, line: int, found: FragmentVersion) -> None:
        for name in sorted(found.content.required_parameters - scope.names.keys()):
            message = f"`{found.name}` needs the parameter `{name}`."
            remedy = f"Give it: `{{% with {name} = … %}}{{% include … %}}{{% endwith %}}`, or `set` for a layout."
            refusal = Refusal(FindingCode.FRAGMENT_PARAMETER, line, message, remedy)
            self.refusals.append(Placed(refusal, scope.place(line)))

    def _check_chain(self, scope: _Scope, line: int, found: FragmentVersion) -> None:
        chain = [each.name for each in scope.fragments]
        if found.name in chain:
            path = " → ".join([*chain[chain.index(found.name) :], found.name])
            remedy = "Let one of them stand alone."
            refusal = Refusal(FindingCode.FRAGMENT_CIRCLE, line, f"The fragments go in a circle: {path}.", remedy)
            raise _Stopped(Placed(refusal, scope.place(line)))
        if len(chain) >= DEEPEST:
            refusal = unsafe(line, f"Fragments stand deeper in each other than {DEEPEST} levels.", "Put some together.")
            raise _Stopped(Placed(refusal, scope.place(line)))

    def _count(self, scope: _Scope, line: int) -> None:
        self._includes += 1
        if self._includes > MOST_INCLUDES:
            refusal = unsafe(line, f"The part has more than {MOST_INCLUDES} fragments.", "Loop around one of them.")
            raise _Stopped(Placed(refusal, scope.place(line)))

    def _refuse_missing(self, scope: _Scope, line: int, reference: FragmentReference) -> None:
        name = str(FragmentReference(reference.fragment_id))
        if reference.version and self._find(FragmentReference(reference.fragment_id)) is not None:
            message, remedy = f"{name} has no version {reference.version}.", "Name one that was published, or none."
        else:
            message = f"There is no published fragment {reference} in this sandbox."
            remedy = f"Publish it: `clarion fragments publish {reference.fragment_id}`. Archived ones cannot be used."
        self.refusals.append(Placed(Refusal(FindingCode.FRAGMENT_MISSING, line, message, remedy), scope.place(line)))

    def _refuse_kind(self, scope: _Scope, line: int, found: FragmentVersion) -> None:
        forms = {Escaping.HTML: "HTML", Escaping.NONE: "text", Escaping.JSON: "JSON"}
        message = f"`{found.name}` is of the kind {found.content.kind}, and the part is {forms[self._escaping]}."
        remedy = "Name a fragment of the kind of the part. JSON has no fragments."
        self.refusals.append(Placed(Refusal(FindingCode.FRAGMENT_KIND, line, message, remedy), scope.place(line)))

    def _refuse(self, scope: _Scope, line: int, message: str, remedy: str) -> None:
        self.refusals.append(Placed(unsafe(line, message, remedy), scope.place(line)))

    # The text of the result.

    @contextmanager
    def _opened(self, scope: _Scope) -> Iterator[None]:
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

    def _tag(self, tag: Tag, scope: _Scope) -> None:
        begin, end = ("{%", "%}") if tag.is_block else ("{{", "}}")
        self._sync(scope, tag.line, begin)
        self._put(f"{renamed(tag.tokens, scope.names, scope.text_prefix, is_block=tag.is_block)}{end}")

    def _boundary(self, word: str, scope: _Scope, line: int) -> None:
        """Writes a tag behind which the source of a scope stands, at that line."""
        self._put(f"{{%\n{word}\n")
        self._begin(scope, line)
        self._put("%}")

    def _sync(self, scope: _Scope, line: int, begin: str) -> None:
        """Begins a tag that is at that line of its source."""
        self._put(begin)
        last = self.stretches[-1]
        missing = line - (last.line + self._line - last.first)
        if (last.content_line, last.way) == (scope.content_line, scope.way) and missing >= 0:
            self._put("\n" * missing)
        else:
            self._put("\n")
            self._begin(scope, line)

    def _begin(self, scope: _Scope, line: int) -> None:
        self.stretches.append(Stretch(self._line, line, scope.content_line, scope.way))

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self._line += text.count("\n")
        self._length += len(text)
        if self._length > LONGEST_SOURCE:
            scope = self._open[-1]
            message = f"The part has more than {LONGEST_SOURCE:,} characters with its fragments."
            line = scope.content_line or 1
            raise _Stopped(Placed(unsafe(line, message, "Shorten them, or include fewer."), Place(line)))


def _line_of_layout(scope: _Scope) -> int:
    return scope.source.layout.tag.line if scope.source.layout is not None else 1


def _holds(outer: Block, inner: Block) -> bool:
    return any(item is inner or (isinstance(item, Block) and _holds(item, inner)) for item in outer.body)
