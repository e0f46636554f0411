"""The rules of the filters over lists and objects: which values they take, and what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jinja2 import nodes

from clarion_server.adapters.rendering.inference.abstract_values import (
    NEVER,
    NUMBER,
    TEXT,
    AbstractValue,
    any_of,
    list_of,
    pairs_of,
)
from clarion_server.adapters.rendering.inference.conditions import check_test
from clarion_server.adapters.rendering.inference.filter_use import FilterRule, FilterUse, Parameter
from clarion_server.adapters.rendering.inference.json_types import (
    ALL,
    COMPARABLE,
    CONTAINERS,
    NOT_NULL,
    NUMBERS,
    OBJECTS,
    SCALARS,
    SEQUENCES,
    SIZED,
    STRINGS,
    JsonType,
    keywords,
)
from clarion_server.adapters.rendering.inference.missing import Cause, MissingReason
from clarion_server.adapters.rendering.inference.test_rules import TEST_RULES
from clarion_server.adapters.rendering.templates.structure import closest
from clarion_server.domain.finding import FindingCode

_ATTRIBUTE = Parameter("attribute", ALL)
_MAP_ATTRIBUTE = Parameter("attribute", ALL, by_keyword_alone=True)
_CASE = Parameter("case_sensitive", ALL)
_REVERSE = Parameter("reverse", ALL)
_DEFAULT = Parameter("default", ALL, by_keyword_alone=True)


def _element(use: FilterUse) -> AbstractValue:
    """Returns any entry, for filters that look at each."""
    return AbstractValue(use.value.elements().alternatives, path=f"{use.value.path}[…]" if use.value.path else "")


def _same_length(use: FilterUse, element: AbstractValue) -> AbstractValue:
    return list_of(element, least=int(use.value.is_filled()))


def _attributes(use: FilterUse, element: AbstractValue) -> list[AbstractValue]:
    """Returns the entry itself, or the parts that `attribute` names: several for `sort`, as in `"city,name"`."""
    node = use.arguments.get("attribute")
    if node is None:
        return [element]
    if not isinstance(node, nodes.Const) or not isinstance(node.value, str | int):
        return [use.refuse(f"`attribute` of `{use.name}` must be written out.", "Name it as a text.")]
    names = str(node.value).split(",") if use.name == "sort" else [str(node.value)]
    return [_follow(element, name) for name in names]


def _follow(element: AbstractValue, attribute: str) -> AbstractValue:
    """Returns the value at a path such as `address.city`, in which a number is an index."""
    value = element
    for step in attribute.split("."):
        path = f"{value.path}.{step}" if value.path else step
        value = value.entry(int(step), path) if step.isdecimal() else value.member(step, path)
    return value


def _extreme(use: FilterUse) -> AbstractValue:
    """Returns what `min` and `max` return, which is missing for an empty list."""
    _sorted(use)
    return _one_element(use)


def _sorted(use: FilterUse) -> AbstractValue:
    element = _element(use)
    for value in _attributes(use, element):
        use.evaluator.report.require(value, use.line, COMPARABLE, f"`{use.name}` needs")
    return _same_length(use, element)


def _unique(use: FilterUse) -> AbstractValue:
    element = _element(use)
    for value in _attributes(use, element):
        use.evaluator.report.require(value, use.line, SCALARS, f"`{use.name}` needs")
    return _same_length(use, element)


def _grouped(use: FilterUse) -> AbstractValue:
    element = _element(use)
    key = _attributes(use, element)[0]
    key = use.evaluator.report.require(key, use.line, COMPARABLE, f"`{use.name}` needs")
    return _same_length(use, pairs_of(key, list_of(element, least=1)).elements())


def _summed(use: FilterUse) -> AbstractValue:
    for value in _attributes(use, _element(use)):
        use.evaluator.report.require(value, use.line, NUMBERS, "`sum` needs")
    return NUMBER


def _joined(use: FilterUse) -> AbstractValue:
    for value in _attributes(use, _element(use)):
        use.evaluator.report.require_printable(value, use.line)
    return TEXT


def _mapped(use: FilterUse) -> AbstractValue:
    element = _element(use)
    if "attribute" in use.arguments:
        found = _attributes(use, element)[0]
        default = use.argument("default")
        if default is not None:
            use.evaluator.report.warn_of_unknown(found, use.line)
            default = use.evaluator.report.require_present(default, use.line)
            return _same_length(use, any_of([found.assume_present(), default]))
        return _same_length(use, use.evaluator.report.require_present(found, use.line))
    return _same_length(use, _mapped_by_filter(use, element))


def _mapped_by_filter(use: FilterUse, element: AbstractValue) -> AbstractValue:
    name = _constant_name(use.more)
    if name is None:
        return use.refuse("`map` needs the name of a filter or `attribute=`.", "Write it out as a text.")
    mapped = nodes.Filter(None, name, list(use.more[1:]), [], None, None, lineno=use.line)
    return use.evaluator.report.require_present(use.evaluator.apply_filter(mapped, element, use.scope), use.line)


def _selected(use: FilterUse) -> AbstractValue:
    element = _element(use)
    if use.more:
        _tested(use, element, use.more)
    is_kept_when_filled = use.name == "select" and not use.more
    return list_of(element.assume_filled() if is_kept_when_filled else element)


def _selected_by_attribute(use: FilterUse) -> AbstractValue:
    attribute, test = _constant_name(use.more), use.more[1:]
    element = _element(use)
    if attribute is None:
        return use.refuse(f"`{use.name}` needs the name of an attribute.", "Write it out as a text.")
    part = _follow(element, attribute)
    if test:
        _tested(use, part, test)
    elif part.missing is not None and part.missing.cause is Cause.UNKNOWN:
        use.evaluator.report.require_present(part, use.line)
    is_kept_when_filled = use.name == "selectattr" and not test and attribute.isidentifier()
    return list_of(_having(element, attribute) if is_kept_when_filled else element)


def _having(element: AbstractValue, name: str) -> AbstractValue:
    filled = {"type": keywords(NOT_NULL)}
    return element.restrict({"type": "object", "required": [name], "properties": {name: filled}})


def _tested(use: FilterUse, value: AbstractValue, test: Sequence[nodes.Expr]) -> None:
    name = _constant_name(test) or ""
    if name in TEST_RULES:
        check_test(use.evaluator, TEST_RULES[name], name, value, test[1:], use.scope, use.line)
    else:
        message = f"`{use.name}` needs the name of a test."
        remedy = f"Write it out as a text.{closest(name, TEST_RULES)}"
        use.evaluator.report.error(FindingCode.TEMPLATE_UNKNOWN_NAME, use.line, message, remedy)


def _constant_name(arguments: Sequence[nodes.Expr]) -> str | None:
    """Returns the name of the filter or test that the first argument writes out."""
    first = arguments[0] if arguments else None
    return first.value if isinstance(first, nodes.Const) and isinstance(first.value, str) else None


def _one_element(use: FilterUse) -> AbstractValue:
    """Returns one of the entries, which is missing for an empty list."""
    reason = None if use.value.is_filled() else MissingReason(Cause.TOO_FEW, "")
    return AbstractValue(use.value.elements().alternatives, reason)


def _listed(use: FilterUse) -> AbstractValue:
    return _same_length(use, use.value.elements())


def _reversed(use: FilterUse) -> AbstractValue:
    lists = _same_length(use, use.value.elements()) if JsonType.ARRAY in use.value.types else NEVER
    texts = TEXT if JsonType.STRING in use.value.types else NEVER
    return any_of([lists, texts])


def _pairs(use: FilterUse) -> AbstractValue:
    return pairs_of(TEXT, use.value.members())


def _sorted_pairs(use: FilterUse) -> AbstractValue:
    if use.constant("by") == "value":
        use.evaluator.report.require(use.value.members(), use.line, COMPARABLE, "`dictsort` by value needs")
    return _pairs(use)


_BY = Parameter("by", STRINGS, accepts=frozenset({"key", "value"}).__contains__, wanted="'key' or 'value'")
_LENGTH = FilterRule(SIZED, lambda _: NUMBER)

LIST_RULES: Mapping[str, FilterRule] = {
    "count": _LENGTH,
    "dictsort": FilterRule(OBJECTS, _sorted_pairs, (_CASE, _BY, _REVERSE)),
    "first": FilterRule(SIZED, _one_element),
    "groupby": FilterRule(CONTAINERS, _grouped, (Parameter("attribute", ALL, is_required=True),)),
    "items": FilterRule(OBJECTS, _pairs),
    "join": FilterRule(CONTAINERS, _joined, (Parameter("separator"), _ATTRIBUTE)),
    "last": FilterRule(SEQUENCES, _one_element),
    "length": _LENGTH,
    "list": FilterRule(CONTAINERS, _listed),
    "map": FilterRule(CONTAINERS, _mapped, (_MAP_ATTRIBUTE, _DEFAULT), takes_more=True),
    "max": FilterRule(CONTAINERS, _extreme, (_CASE, _ATTRIBUTE)),
    "min": FilterRule(CONTAINERS, _extreme, (_CASE, _ATTRIBUTE)),
    "reject": FilterRule(CONTAINERS, _selected, takes_more=True),
    "rejectattr": FilterRule(CONTAINERS, _selected_by_attribute, takes_more=True),
    "reverse": FilterRule(SEQUENCES, _reversed),
    "select": FilterRule(CONTAINERS, _selected, takes_more=True),
    "selectattr": FilterRule(CONTAINERS, _selected_by_attribute, takes_more=True),
    "sort": FilterRule(CONTAINERS, _sorted, (_REVERSE, _CASE, _ATTRIBUTE)),
    "sum": FilterRule(CONTAINERS, _summed, (_ATTRIBUTE, Parameter("start", NUMBERS))),
    "unique": FilterRule(CONTAINERS, _unique, (_CASE, _ATTRIBUTE)),
}

#: Holds the results of the methods of objects.
METHOD_RULES: Mapping[str, Callable[[AbstractValue], AbstractValue]] = {
    ".items()": lambda value: pairs_of(TEXT, value.members()),
    ".keys()": lambda _: list_of(TEXT),
    ".values()": lambda value: list_of(value.members()),
}
