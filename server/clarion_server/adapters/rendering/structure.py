"""Parses templates, and refuses what Jinja2 knows but templates cannot use, before anything is compiled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, islice

from jinja2 import TemplateSyntaxError, nodes

from clarion_server.adapters.rendering.budget import LIMITS
from clarion_server.adapters.rendering.environment import ContentEnvironment
from clarion_server.adapters.rendering.inline_images import INLINE_IMAGE, is_inline_image, names_literal
from clarion_server.adapters.rendering.rewriting import method_name
from clarion_server.adapters.rendering.source_limits import DEEPEST, MOST_NODES, TemplateTooLarge, tag_lines
from clarion_server.adapters.rendering.texts import TRANSLATE, is_translation
from clarion_server.domain.finding import FindingCode

#: The variables that hold the recipient's own links.
UNSUBSCRIBE_URL, PREFERENCES_URL = URLS = ("unsubscribe_url", "preferences_url")
#: The variables of every template.
VARIABLES = ("context", "profile", "recipient", "campaign", *URLS)

_RESERVED = frozenset({*VARIABLES, "loop", "range", "self", INLINE_IMAGE})
_DEEPEST_LOOPS = 8
LONGEST_SOURCE = 512 * 1024
_LARGEST_INTEGER = 1 << LIMITS.integer_bits
_MOST_REFUSALS = 100
_MOST_COMPARED = 500
"""The number of names with which a misspelt one is compared."""
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


def parse_template(
    source: str, environment: ContentEnvironment, lines: tuple[int, ...] = ()
) -> tuple[nodes.Template | None, list[Refusal]]:
    """Returns the template's tree, or None when it cannot be parsed, and the reasons why it is refused.

    `lines` are those of the author's source, as in `BuiltSource`.
    """
    with tag_lines(lines):
        tree = read_tree(source, environment)
    if isinstance(tree, Refusal):
        return None, [tree]
    return tree, list(islice(chain(_refusals(tree, environment), _hidden_function(tree)), _MOST_REFUSALS))


def read_tree(source: str, environment: ContentEnvironment) -> nodes.Template | Refusal:
    """Returns the template's tree, whatever tags it has, or why it cannot be parsed."""
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
    too_deep = _number_lines(tree)
    # Whoever walks a tree calls itself for each level.
    return tree if too_deep is None else unsafe(too_deep.lineno, _TOO_DEEP, _SPLIT_UP)


def names_in(tree: nodes.Template) -> frozenset[str]:
    """Returns the names that a template reads."""
    return frozenset(node.name for node in tree.find_all(nodes.Name) if node.ctx == "load")


def _hidden_function(tree: nodes.Template) -> Iterator[Refusal]:
    """Yields each place where a template that calls `t` sets a variable of that name, which would hide the function."""
    if any(is_translation(call) for call in tree.find_all(nodes.Call)):
        for name in tree.find_all(nodes.Name):
            if name.name == TRANSLATE and name.ctx != "load":
                yield unsafe(name.lineno, "`t` cannot be set in a template that calls it.", "Choose another name.")


def _number_lines(tree: nodes.Template) -> nodes.Node | None:
    """Gives nodes that Jinja2 leaves without a line, such as operands of comparisons, the line of their parent.

    Returns a node that stands too deep, or None.
    """
    pending: list[tuple[nodes.Node, int, int]] = [(tree, 1, 0)]
    while pending:
        current, above, depth = pending.pop()
        current.lineno = current.lineno or above
        if depth > DEEPEST:
            return current
        pending += [(child, current.lineno, depth + 1) for child in current.iter_child_nodes()]
    return None


def closest(name: str, names: Iterable[str]) -> str:
    """Returns `Did you mean …?` with a leading space, or an empty text when no name resembles it."""
    by_lower_case = {known.lower(): known for known in islice(names, _MOST_COMPARED)}
    matches = get_close_matches(name.lower(), by_lower_case, n=1)
    return f" Did you mean `{by_lower_case[matches[0]]}`?" if matches else ""


def _refusals(tree: nodes.Template, environment: ContentEnvironment) -> Iterator[Refusal]:
    for count, (node, loops) in enumerate(_nodes_with_loops(tree), 1):
        if count > MOST_NODES:
            message = f"The template has more than {MOST_NODES:,} names, operators, filters and tags."
            yield unsafe(node.lineno, message, _SHORTEN)
            return
        if loops > _DEEPEST_LOOPS:
            yield unsafe(node.lineno, _TOO_DEEP, _SPLIT_UP)
            return
        yield from _refusals_of(node, environment)


def _nodes_with_loops(node: nodes.Node, loops: int = 0) -> Iterator[tuple[nodes.Node, int]]:
    """Yields the nodes, each with the number of loops that it stands in."""
    yield node, loops
    for child in node.iter_child_nodes():
        yield from _nodes_with_loops(child, loops + isinstance(child, nodes.For))


def _refusals_of(node: nodes.Node, environment: ContentEnvironment) -> Iterator[Refusal]:
    if not isinstance(node, nodes.Getattr) and any(map(_is_loop, node.iter_child_nodes())):
        yield unsafe(node.lineno, "`loop` is no value itself.", "Use one of its members, such as `loop.index`.")
    if type(node) in _REFUSED_TAGS:
        tag = _REFUSED_TAGS[type(node)]
        yield unsafe(node.lineno, f"`{tag}` is not available.", "Use if, for, set, with and raw alone.")
    elif isinstance(node, nodes.For) and node.recursive:
        yield unsafe(node.lineno, "Loops cannot be recursive.", "Write one loop for each level.")
    elif isinstance(node, nodes.CondExpr) and node.expr2 is None:
        yield Refusal(
            FindingCode.VARIABLE_MAY_BE_MISSING,
            node.lineno,
            "An `if` inside an expression without `else` has no value when its condition is false.",
            "Add an `else`, such as `else ''`.",
        )
    elif isinstance(node, nodes.NSRef) or (isinstance(node, nodes.Name) and _is_reserved_target(node)):
        yield unsafe(node.lineno, f"`{node.name}` cannot be set.", "Choose another name.")
    elif isinstance(node, nodes.Call):
        yield from _call_refusals(node, environment)
    elif isinstance(node, nodes.Const):
        yield from _constant_refusals(node)
    elif isinstance(node, nodes.Compare) and len(node.ops) > 1 and any(map(_is_membership, node.ops)):
        remedy = "Join two comparisons with `and`, and put brackets around them where needed."
        yield unsafe(node.lineno, "`in` cannot be chained with another comparison.", remedy)
    elif isinstance(node, nodes.Filter | nodes.Test):
        yield from _name_refusals(node, environment)


def _constant_refusals(node: nodes.Const) -> Iterator[Refusal]:
    if type(node.value) is int and node.value > _LARGEST_INTEGER:
        yield unsafe(node.lineno, "A number is too large.", "Write it as a text.")
    elif isinstance(node.value, str) and _SURROGATE.search(node.value):
        yield unsafe(node.lineno, "A text holds half a surrogate pair.", "Write the character itself.")


def _is_membership(operand: nodes.Operand) -> bool:
    return operand.op in {"in", "notin"}


def _is_reserved_target(node: nodes.Name) -> bool:
    return node.ctx != "load" and node.name in _RESERVED


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


def unsafe(line: int, message: str, remedy: str) -> Refusal:
    """Returns the refusal of what templates cannot use."""
    return Refusal(FindingCode.TEMPLATE_UNSAFE, line, message, remedy)


def syntax_refusal(line: int, message: str) -> Refusal:
    sentence = f"{message[:1].upper()}{message[1:]}".rstrip(".")
    remedy = COMMENT_REMEDY if message == _UNCLOSED_COMMENT else "Correct the line."
    return Refusal(FindingCode.TEMPLATE_SYNTAX, line, f"{sentence}.", remedy)
