"""Checks the rules that conditions must keep beside those of CEL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cel_expr_python import cel

from clarion_server.adapters.conditions.cost import MAX_COST, cost_of
from clarion_server.adapters.conditions.names import CONSENT
from clarion_server.adapters.conditions.reads import consent_scope
from clarion_server.adapters.conditions.syntax_tree import Call, Constant, Node, Tree, children

#: Returns whether a text is a regular expression.
IsPattern = Callable[[str], bool]

#: A regular expression has at most this many characters.
_MAX_PATTERN = 64


def broken_rules(tree: Tree, type_: cel.Type, is_pattern: IsPattern) -> Iterator[tuple[Node, str]]:
    """Yields each node that breaks a rule, with a sentence that says which."""
    if type_ != cel.Type.BOOL:
        yield tree.root, _NOT_BOOL.get(type_.name(), f"It is a {type_.name().lower()}, and must be true or false.")
    broken = list(broken_calls(tree.root, is_pattern))
    yield from broken
    if not broken and cost_of(tree.root) > MAX_COST:
        yield tree.root, _COSTLY


def broken_calls(node: Node, is_pattern: IsPattern) -> Iterator[tuple[Node, str]]:
    """Yields each call in a tree that breaks a rule, with a sentence that says which."""
    match node:
        case Call(function=function) if function == CONSENT and consent_scope(node) is None:
            yield node, _CONSENT
        case Call(function="matches", arguments=(_, pattern)) if not _is_bounded(pattern, is_pattern):
            yield node, _PATTERN
        case Call(function=function, arguments=(_, _)) if function.startswith("get"):
            yield node, _TIME_ZONE
    for child in children(node):
        yield from broken_calls(child, is_pattern)


def _is_bounded(pattern: Node, is_pattern: IsPattern) -> bool:
    match pattern:
        case Constant(text=str(text)):
            return len(text) <= _MAX_PATTERN and "{" not in text and is_pattern(text)
        case _:
            return False


_NOT_BOOL = {"DYN": "It must be true or false: compare the attribute, as in profile.attributes.vip == true."}
_CONSENT = (
    "consent takes two constants: the name of a channel, such as 'EMAIL', and the id of a topic, or '' for messages"
    " without a topic."
)
_COSTLY = "It may take too long for one profile. Loops must compare their elements with short values."
_PATTERN = (
    f"matches takes a constant: a regular expression of at most {_MAX_PATTERN} characters, without repetitions such as"
    " {3}."
)
#: The library would open whatever file the name leads to.
_TIME_ZONE = "Times are read in UTC: the functions of a time take no time zone."
