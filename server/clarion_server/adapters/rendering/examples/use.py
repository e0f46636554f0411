"""Which parts of `context` and `profile` a content uses, whether or not they must be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from jinja2 import nodes

from clarion_server.adapters.rendering.expression_path import constant_of
from clarion_server.adapters.rendering.rewriting import method_name


@dataclass(slots=True)
class Use:
    """What is used of one value. Nothing: the value itself is."""

    members: dict[str, Use] = field(default_factory=dict)
    element: Use | None = None
    """What is used of each entry of a list, or of each value of an object."""

    def member(self, name: str) -> Use:
        return self.members.setdefault(name, Use())

    def any_element(self) -> Use:
        if self.element is None:
            self.element = Use()
        return self.element

    def followed(self, attribute: str) -> Use:
        """`address.city`, as filters write it."""
        use = self
        for step in attribute.split("."):
            use = use.any_element() if step.isdecimal() else use.member(step)
        return use


Uses = tuple[Use, ...]
"""The values that an expression may be; none of them when it is computed."""
Variables = dict[str, Uses]

_ONE_OF = frozenset({"first", "last", "max", "min"})
_SAME = frozenset({"list", "reject", "reverse", "select", "sort", "unique"})
_BY_ATTRIBUTE = frozenset({"groupby", "join", "map", "max", "min", "rejectattr", "selectattr", "sort", "sum", "unique"})
_SAME_BY_NAME = frozenset({"rejectattr", "selectattr"})


def uses_of(trees: Iterable[nodes.Template]) -> Mapping[str, Use]:
    """What the templates use of `context` and of `profile`."""
    roots = {"context": Use(), "profile": Use()}
    for tree in trees:
        _Reader().through(tree.body, {name: (use,) for name, use in roots.items()})
    return roots


class _Reader:
    """Goes through a template as review does, and follows names through loops and `set`.

    It may find more than is used, never less: an example that fills too much is still one.
    """

    def __init__(self) -> None:
        self._readers: Mapping[type[nodes.Node], Callable[..., Uses]] = {
            nodes.Name: lambda node, variables: variables.get(node.name, ()),
            nodes.Getattr: lambda node, variables: self._members(node.node, node.attr, variables),
            nodes.Getitem: self._item,
            nodes.Filter: self._filter,
            nodes.Call: self._call,
        }

    def through(self, body: Iterable[nodes.Node], variables: Variables) -> None:
        for node in body:
            self._step(node, variables)

    def _step(self, node: nodes.Node, variables: Variables) -> None:
        if isinstance(node, nodes.For):
            inner = dict(variables)
            self._bind(node.target, _elements(self.uses(node.iter, variables)), inner)
            for part in (node.test, *node.body):
                if part is not None:
                    self._step(part, inner)
            self.through(node.else_, variables)
        elif isinstance(node, nodes.With):
            inner = dict(variables)
            for target, value in zip(node.targets, node.values, strict=True):
                self._bind(target, self.uses(value, variables), inner)
            self.through(node.body, inner)
        elif isinstance(node, nodes.Assign):
            self._bind(node.target, self.uses(node.node, variables), variables)
        elif isinstance(node, nodes.If):
            self.through((node.test, *node.body, *node.elif_, *node.else_), variables)
        elif isinstance(node, nodes.Output):
            self.through(node.nodes, variables)
        else:
            self.uses(node, variables)

    def _bind(self, target: nodes.Node, values: Uses, variables: Variables) -> None:
        if isinstance(target, nodes.Name):
            # Beside what it was: another way through the template may not have come by here.
            variables[target.name] = (*variables.get(target.name, ()), *values)
        elif isinstance(target, nodes.Tuple):
            # The pairs of `.items()`: a key, and a value.
            for name in target.items:
                self._bind(name, values, variables)

    def uses(self, node: nodes.Node, variables: Variables) -> Uses:
        read = self._readers.get(type(node))
        if read is not None:
            found: Uses = read(node, variables)
            return found
        several = [self.uses(child, variables) for child in node.iter_child_nodes()]
        # A choice is one of its parts; of anything else it does no harm to think so.
        return tuple(use for uses in several for use in uses) if isinstance(node, nodes.CondExpr | nodes.Or) else ()

    def _members(self, base: nodes.Node, name: str, variables: Variables) -> Uses:
        return tuple(use.member(name) for use in self.uses(base, variables))

    def _item(self, node: nodes.Getitem, variables: Variables) -> Uses:
        key = constant_of(node.arg)
        if isinstance(key, str):
            return self._members(node.node, key, variables)
        self.uses(node.arg, variables)
        base = self.uses(node.node, variables)
        return base if isinstance(node.arg, nodes.Slice) else _elements(base)

    def _filter(self, node: nodes.Filter, variables: Variables) -> Uses:
        base = self.uses(node.node, variables) if node.node is not None else ()
        arguments = [argument for each in node.args for argument in self.uses(each, variables)]
        arguments += [argument for each in node.kwargs for argument in self.uses(each.value, variables)]
        picked = tuple(use for attribute in _attributes(node) for use in _followed(base, attribute))
        if node.name in ("d", "default"):
            return (*base, *arguments)
        if node.name in _ONE_OF:
            return _elements(base)
        if node.name == "map":
            return tuple(Use(element=use) for use in picked)
        return base if node.name in _SAME | _SAME_BY_NAME else ()

    def _call(self, node: nodes.Call, variables: Variables) -> Uses:
        if method_name(node) is not None:
            assert isinstance(node.node, nodes.Getattr)
            return self.uses(node.node.node, variables)
        return tuple(use for each in node.args for use in self.uses(each, variables))


def _elements(uses: Uses) -> Uses:
    return tuple(use.any_element() for use in uses)


def _followed(uses: Uses, attribute: str) -> Uses:
    return tuple(use.any_element().followed(attribute) for use in uses)


def _attributes(node: nodes.Filter) -> list[str]:
    """The attributes that the filter reads of each entry, where they are written out."""
    if node.name not in _BY_ATTRIBUTE:
        return []
    named: list[nodes.Node] = [each.value for each in node.kwargs if each.key == "attribute"]
    if node.name in {"groupby", *_SAME_BY_NAME}:
        named += node.args[:1]
    elif node.name in {"join", "sum", "sort", "unique", "max", "min"}:
        named += node.args[1:]
    texts = [constant_of(each) for each in named]
    return [part for text in texts if isinstance(text, str) for part in text.split(",")]
