"""Writes the paths by which a template names values, such as `context.order.items[0].price`."""

from __future__ import annotations

from jinja2 import nodes


def path_of(node: nodes.Node) -> str:
    """Returns the path as the author writes it, empty when the node is no plain path.

    A computed index is shown as `[…]`.
    """
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        base = path_of(node.node)
        return f"{base}.{node.attr}" if base else ""
    if isinstance(node, nodes.Getitem):
        base = path_of(node.node)
        return f"{base}[{_index(node.arg)}]" if base else ""
    return ""


def paths_by_line(tree: nodes.Template) -> dict[tuple[int, str], str]:
    """Returns the paths of a template by their line and their last step; empty where several fit."""
    paths: dict[tuple[int, str], str] = {}
    for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)):
        key = (node.lineno, _last_step(node))
        path = path_of(node)
        paths[key] = path if paths.get(key, path) == path else ""
    return paths


def _last_step(node: nodes.Expr) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return node.attr
    assert isinstance(node, nodes.Getitem)
    return str(constant_of(node.arg))


def constant_of(node: nodes.Node) -> object:
    """Returns the value that an expression spells out, `-1` included; None when it is computed."""
    if isinstance(node, nodes.Const):
        return node.value
    if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const) and type(node.node.value) is int:
        return -node.node.value
    return None


def _index(node: nodes.Node) -> str:
    value = constant_of(node)
    if value is None:
        return "…"
    return f'"{value}"' if isinstance(value, str) else str(value)
