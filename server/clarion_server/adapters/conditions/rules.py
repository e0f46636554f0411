"""The rules of conditions beside those of CEL."""

from __future__ import annotations

from collections.abc import Iterator

from cel_expr_python import cel

from clarion_server.adapters.conditions.names import CONSENT
from clarion_server.adapters.conditions.reads import consent_scope
from clarion_server.adapters.conditions.syntax_tree import Call, Node, Tree, children


def broken_rules(tree: Tree, type_: cel.Type) -> Iterator[tuple[Node, str]]:
    """Yields each node that breaks a rule, with a sentence that says which."""
    if type_ != cel.Type.BOOL:
        yield tree.root, _NOT_BOOL.get(type_.name(), f"It is a {type_.name().lower()}, and must be true or false.")
    yield from _in_calls(tree.root)


_NOT_BOOL = {
    "DYN": "It may be of any type, and must be true or false: compare it, as in profile.attributes.vip == true."
}


def _in_calls(node: Node) -> Iterator[tuple[Node, str]]:
    if isinstance(node, Call):
        if node.function == CONSENT and consent_scope(node) is None:
            yield node, _CONSENT
        if node.function.startswith("get") and len(node.arguments) > 1:
            yield node, _TIME_ZONE
    for child in children(node):
        yield from _in_calls(child)


_CONSENT = (
    "consent takes two constants: the name of a channel, such as 'EMAIL', and the id of a topic, or '' for messages"
    " without a topic."
)
#: The library would open whatever file the name leads to.
_TIME_ZONE = "Times are read in UTC: the functions of a time take no time zone."
