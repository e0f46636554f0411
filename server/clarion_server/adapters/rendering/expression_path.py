"""How a template names a value: `context.order.items[0].price`."""

from __future__ import annotations

from jinja2 import nodes


def place_of(node: nodes.Node) -> str:
    """As the author writes it; empty for what is no plain path. A computed index is shown as `[…]`."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        base = place_of(node.node)
        return f"{base}.{node.attr}" if base else ""
    if isinstance(node, nodes.Getitem):
        base = place_of(node.node)
        return f"{base}[{_index(node.arg)}]" if base else ""
    return ""


def place_at(tree: nodes.Template, line: int, name: str) -> str:
    """The one path on that line whose last step is `name`; empty when there are several or none."""
    places = {
        place_of(node)
        for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem))
        if node.lineno == line and _last_step(node) == name
    }
    return places.pop() if len(places) == 1 else ""


def _last_step(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem):
        return str(constant_of(node.arg))
    return None


def constant_of(node: nodes.Node) -> object:
    """What an index spells out, `-1` included; None when it is computed."""
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
