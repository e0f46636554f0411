"""Finds what a condition reads."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.adapters.conditions.names import ATTRIBUTES, CONSENT, VARIABLES
from clarion_server.adapters.conditions.syntax_tree import Call, Constant, Name, Node, Select, children
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentScope

#: Is the operator that takes an element.
INDEX = "_[_]"


class Reads:
    """Collects what the nodes of a tree read."""

    def __init__(self, root: Node) -> None:
        self.attributes: set[tuple[str, ...]] = set()
        self.names: set[str] = set()
        self.consents: dict[ConsentScope, int] = {}
        """The scopes, with the id of the node that asks for each first."""
        self._collect(root)

    def _collect(self, node: Node) -> None:
        path = path_of(node)
        if path is not None:
            self.attributes.add(path)
            return
        match node:
            case Name(name=name) if name in VARIABLES:
                self.names.add(name)
            case Call(function=function) if function == CONSENT:
                scope = consent_scope(node)
                if scope is not None:
                    self.consents.setdefault(scope, node.id)
        for child in children(node):
            self._collect(child)


def consent_scope(call: Call) -> ConsentScope | None:
    """Returns the scope that a call of `consent` asks for; None when its arguments are not the constants that it takes.

    No topic is written as an empty text.
    """
    match call.arguments:
        case (Constant(text=str(channel)), Constant(text=str(topic))) if channel in Channel.__members__:
            return ConsentScope(Channel[channel], topic or None)
        case _:
            return None


def paths_of(root: Node, name: str) -> Iterator[tuple[str, ...]]:
    """Yields the paths of the members that are read of what a name stands for. The empty path stands for all."""
    path = path_of(root, name)
    if path is not None:
        yield path
        return
    for child in children(root):
        yield from paths_of(child, name)


def path_of(node: Node, root: str = ATTRIBUTES) -> tuple[str, ...] | None:
    """Returns the path of the member that a node stands for, of what the name `root` does; None for other nodes."""
    match node:
        case Name(name=name) if name == root:
            return ()
        case Select(operand=operand, field=field):
            outer = path_of(operand, root)
            return None if outer is None else (*outer, field)
        case Call(function=function, arguments=(operand, Constant(text=str(key)))) if function == INDEX:
            outer = path_of(operand, root)
            return None if outer is None else (*outer, key)
        case _:
            return None
