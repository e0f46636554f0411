"""Parses templates, and refuses what Jinja2 knows but templates cannot use, before anything is compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError, nodes

from clarion_server.adapters.rendering.evaluation.budget import LIMITS
from clarion_server.adapters.rendering.templates.environment import ContentEnvironment
from clarion_server.adapters.rendering.templates.inline_images import INLINE_IMAGE, is_inline_image, names_literal
from clarion_server.adapters.rendering.templates.rewriting import method_name
from clarion_server.adapters.rendering.templates.source_limits import DEEPEST, MOST_NODES, TemplateTooLarge, tag_lines
from clarion_server.adapters.rendering.templates.texts import TRANSLATE, is_translation
from clarion_server.domain.finding import FindingCode

#: Holds the variables that hold the recipient's own links.
UNSUBSCRIBE_URL, PREFERENCES_URL = URLS = ("unsubscribe_url", "preferences_url")
#: Holds the variables of every template.
VARIABLES = ("context", "profile", "recipient", "campaign", *URLS)

_RESERVED = frozenset({*VARIABLES, "loop", "range", "self", INLINE_IMAGE})
_DEEPEST_LOOPS = 8
LONGEST_SOURCE = 512 * 1024
_LARGEST_INTEGER = 1 << LIMITS.integer_bits
_MOST_REFUSALS = 100
#: Is the number of names with which a misspelt one is compared.
_MOST_COMPARED = 500
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHORTEN = "Shorten it, or loop over a list of the context."
_TOO_DEEP, _SPLIT_UP = "The template is nested too deeply.", "Split it up."

_UNCLOSED_COMMENT = "Missing end of comment tag"
COMMENT_REMEDY = (
    "`{#` begins a comment. In CSS write a space between the two characters, or put the style between `{% raw %}` and "
    "`{% endraw %}`."
)

_REFUSED_TAGS: Mapping[type[nodes.Node], str] = {
    nodes.AssignBlock: "set … endset",
    nodes.Block: "block",
    nodes.CallBlock: "call",
    nodes.Extends: "extends",
    nodes.FilterBlock: "filter",
    nodes.FromImport: "from",
    nodes.Import: "import",
    nodes.Include: "include",
    nodes.Macro: "macro",
    nodes.ScopedEvalContextModifier: "autoescape",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why a template is not compiled."""

    code: FindingCode
    line: int
    message: str
    remedy: str


class _Found(NamedTuple):
    """Is a node of a tree, and in how many loops it stands."""

    node: nodes.Node
    loops: int
    children: Sequence[nodes.Node]


#: Is a tree, and its nodes in the order of the source.
_Read = tuple[nodes.Template, list[_Found]]


def parse_template(
    source: str, environment: ContentEnvironment, lines: tuple[int, ...] = ()
) -> tuple[nodes.Template | None, list[Refusal]]:
    """Returns the template's tree, or None when it cannot be parsed, and the reasons why it is refused.

    `lines` are those of the author's source, as in `BuiltSource`.
    """
    with tag_lines(lines):
        read = _read(source, environment)
    if isinstance(read, Refusal):
        return None, [read]
    tree, found = read
    return tree, list(islice(chain(_refusals(found, environment), _hidden_function(found)), _MOST_REFUSALS))


def read_tree(source: str, environment: ContentEnvironment) -> nodes.Template | Refusal:
    """Returns the template's tree, whatever tags it has, or why it cannot be parsed."""
    read = _read(source, environment)
    return read if isinstance(read, Refusal) else read[0]


def _read(source: str, environment: ContentEnvironment) -> _Read | Refusal:
    if len(source) > LONGEST_SOURCE:
        return unsafe(0, f"The template has more than {LONGEST_SOURCE:,} characters.", _SHORTEN)
    try:
        tree = environment.parse(source)
    except TemplateTooLarge as error:
        return unsafe(error.lineno, error.message or "", _SHORTEN)
    except TemplateSyntaxError as error:
        return syntax_refusal(error.lineno, error.message or "")
    except (RecursionError, ValueError):
        # Limits of Python's own: hundreds of signs before a value, or a number of thousands of digits.
        return syntax_refusal(0, "An expression is too long or nested too deeply.")
    return _numbered(tree)


def _numbered(tree: nodes.Template) -> _Read | Refusal:
    """Returns a tree with its nodes, or why it cannot be walked.

    Gives those that Jinja2 leaves without a line, such as operands of comparisons, the line of their parent.
    """
    found: list[_Found] = []
    pending: list[tuple[nodes.Node, int, int, int]] = [(tree, 1, 0, 0)]
    while pending:
        node, line, depth, loops = pending.pop()
        node.lineno = line = node.lineno or line
        if depth > DEEPEST:
            # Whoever walks a tree calls itself for each level.
            return unsafe(line, _TOO_DEEP, _SPLIT_UP)
        children = list(node.iter_child_nodes())
        found.append(_Found(node, loops, children))
        pending += [(each, line, depth + 1, loops + isinstance(each, nodes.For)) for each in reversed(children)]
    return tree, found


def names_in(tree: nodes.Template) -> frozenset[str]:
    """Returns the names that a template reads."""
    return frozenset(node.name for node in tree.find_all(nodes.Name) if node.ctx == "load")


def _hidden_function(found: Sequence[_Found]) -> Iterator[Refusal]:
    """Yields each place where a template that calls `t` sets a variable of that name, which would hide the function."""
    if any(isinstance(each.node, nodes.Call) and is_translation(each.node) for each in found):
        for node, *_ in found:
            if isinstance(node, nodes.Name) and node.name == TRANSLATE and node.ctx != "load":
                yield unsafe(node.lineno, "`t` cannot be set in a template that calls it.", "Choose another name.")


def closest(name: str, names: Iterable[str]) -> str:
    """Returns `Did you mean …?` with a leading space, or an empty text when no name resembles it."""
    by_lower_case = {known.lower(): known for known in islice(names, _MOST_COMPARED)}
    matches = get_close_matches(name.lower(), by_lower_case, n=1)
    return f" Did you mean `{by_lower_case[matches[0]]}`?" if matches else ""


def _refusals(found: Sequence[_Found], environment: ContentEnvironment) -> Iterator[Refusal]:
    for count, (node, loops, children) in enumerate(found, 1):
        if count > MOST_NODES:
            message = f"The template has more than {MOST_NODES:,} names, operators, filters and tags."
            yield unsafe(node.lineno, message, _SHORTEN)
            return
        if loops > _DEEPEST_LOOPS:
            yield unsafe(node.lineno, _TOO_DEEP, _SPLIT_UP)
            return
        if not isinstance(node, nodes.Getattr) and any(map(_is_loop, children)):
            yield unsafe(node.lineno, "`loop` is no value itself.", "Use one of its members, such as `loop.index`.")
        refusals_of = _REFUSALS.get(type(node))
        if refusals_of is not None:
            yield from refusals_of(node, environment)


def _tag_refusals(node: nodes.Node, _environment: ContentEnvironment) -> Iterator[Refusal]:
    tag = _REFUSED_TAGS[type(node)]
    yield unsafe(node.lineno, f"`{tag}` is not available.", "Use if, for, set, with and raw alone.")


def _loop_refusals(node: nodes.For, _environment: ContentEnvironment) -> Iterator[Refusal]:
    if node.recursive:
        yield unsafe(node.lineno, "Loops cannot be recursive.", "Write one loop for each level.")


def _choice_refusals(node: nodes.CondExpr, _environment: ContentEnvironment) -> Iterator[Refusal]:
    if node.expr2 is None:
        yield Refusal(
            FindingCode.VARIABLE_MAY_BE_MISSING,
            node.lineno,
            "An `if` inside an expression without `else` has no value when its condition is false.",
            "Add an `else`, such as `else ''`.",
        )


def _target_refusals(node: nodes.Name | nodes.NSRef, _environment: ContentEnvironment) -> Iterator[Refusal]:
    if isinstance(node, nodes.NSRef) or (node.ctx != "load" and node.name in _RESERVED):
        yield unsafe(node.lineno, f"`{node.name}` cannot be set.", "Choose another name.")


def _comparison_refusals(node: nodes.Compare, _environment: ContentEnvironment) -> Iterator[Refusal]:
    if len(node.ops) > 1 and any(operand.op in {"in", "notin"} for operand in node.ops):
        remedy = "Join two comparisons with `and`, and put brackets around them where needed."
        yield unsafe(node.lineno, "`in` cannot be chained with another comparison.", remedy)


def _constant_refusals(node: nodes.Const, _environment: ContentEnvironment) -> Iterator[Refusal]:
    if type(node.value) is int and node.value > _LARGEST_INTEGER:
        yield unsafe(node.lineno, "A number is too large.", "Write it as a text.")
    elif isinstance(node.value, str) and _SURROGATE.search(node.value):
        yield unsafe(node.lineno, "A text holds half a surrogate pair.", "Write the character itself.")


def _call_refusals(node: nodes.Call, environment: ContentEnvironment) -> Iterator[Refusal]:
    target = node.node
    if is_translation(node):
        yield from _translation_refusals(node)
    elif node.dyn_args is not None or node.dyn_kwargs is not None or node.kwargs:
        yield unsafe(node.lineno, "Calls take plain arguments alone.", "Write the arguments out, without names.")
    elif _is_range(target) or _is_cycle(target) or method_name(node) is not None:
        yield from _count_refusals(node)
    elif is_inline_image(node):
        yield from _image_refusals(node, environment)
    elif isinstance(target, nodes.Getattr):
        remedy = f"Use a filter, such as `| {target.attr}`." if target.attr != "format" else "Join texts with `~`."
        yield unsafe(node.lineno, f"The method `.{target.attr}()` is not available.", remedy)
    else:
        name = target.name if isinstance(target, nodes.Name) else "…"
        remedy = "There are `range()`, `t()` and `inline_image()`; docs/writing-content.md lists the filters."
        yield Refusal(FindingCode.TEMPLATE_UNKNOWN_NAME, node.lineno, f"There is no function `{name}()`.", remedy)


def _translation_refusals(node: nodes.Call) -> Iterator[Refusal]:
    if len(node.args) != 1 or node.dyn_args is not None or node.dyn_kwargs is not None:
        remedy = 'Write the arguments with their names, as in `t("greeting", name=context.name)`.'
        yield unsafe(node.lineno, "`t` takes the key of a text, and arguments with names.", remedy)


def _image_refusals(node: nodes.Call, environment: ContentEnvironment) -> Iterator[Refusal]:
    if not environment.autoescape:
        yield unsafe(node.lineno, "`inline_image` is for HTML alone.", "Show the image in the HTML part.")
    elif not names_literal(node):
        remedy = 'Write its name out, as in `inline_image("logo.png")`.'
        yield unsafe(node.lineno, "`inline_image` takes the name of one image.", remedy)


_MOST_RANGE_ARGUMENTS = 3


def _count_refusals(node: nodes.Call) -> Iterator[Refusal]:
    count = len(node.args)
    if _is_range(node.node) and not 1 <= count <= _MOST_RANGE_ARGUMENTS:
        yield unsafe(node.lineno, "`range` takes one to three numbers.", "Correct the arguments.")
    elif _is_cycle(node.node) and not count:
        yield unsafe(node.lineno, "`loop.cycle` needs values to cycle through.", "Add them.")


def _is_range(target: nodes.Node) -> bool:
    return isinstance(target, nodes.Name) and target.name == "range"


def _is_cycle(target: nodes.Node) -> bool:
    return isinstance(target, nodes.Getattr) and target.attr == "cycle" and _is_loop(target.node)


def _is_loop(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "loop" and node.ctx == "load"


def _name_refusals(node: nodes.Filter | nodes.Test, environment: ContentEnvironment) -> Iterator[Refusal]:
    known, kind = (environment.filters, "filter") if isinstance(node, nodes.Filter) else (environment.tests, "test")
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        yield unsafe(node.lineno, "`*` and `**` are not available in calls.", "Write the arguments out.")
    elif node.name not in known:
        remedy = f"docs/writing-content.md lists them.{closest(node.name, known)}"
        code = FindingCode.TEMPLATE_UNKNOWN_NAME
        yield Refusal(code, node.lineno, f"There is no {kind} `{node.name}`.", remedy)


_REFUSALS: Mapping[type[nodes.Node], Callable[[Any, ContentEnvironment], Iterator[Refusal]]] = {
    **dict.fromkeys(_REFUSED_TAGS, _tag_refusals),
    **dict.fromkeys((nodes.Filter, nodes.Test), _name_refusals),
    **dict.fromkeys((nodes.Name, nodes.NSRef), _target_refusals),
    nodes.Call: _call_refusals,
    nodes.Compare: _comparison_refusals,
    nodes.CondExpr: _choice_refusals,
    nodes.Const: _constant_refusals,
    nodes.For: _loop_refusals,
}


def unsafe(line: int, message: str, remedy: str) -> Refusal:
    """Returns the refusal of what templates cannot use."""
    return Refusal(FindingCode.TEMPLATE_UNSAFE, line, message, remedy)


def syntax_refusal(line: int, message: str) -> Refusal:
    sentence = f"{message[:1].upper()}{message[1:]}".rstrip(".")
    remedy = COMMENT_REMEDY if message == _UNCLOSED_COMMENT else "Correct the line."
    return Refusal(FindingCode.TEMPLATE_SYNTAX, line, f"{sentence}.", remedy)
