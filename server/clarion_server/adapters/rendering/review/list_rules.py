"""What the filters over lists take and give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jinja2 import nodes

from clarion_server.adapters.rendering.review.abstract_values import (
    NEVER,
    NUMBER,
    TEXT,
    AbstractValue,
    Cause,
    MissingReason,
    any_of,
    list_of,
    pairs_of,
)
from clarion_server.adapters.rendering.review.conditions import tested
from clarion_server.adapters.rendering.review.filter_use import FilterRule, FilterUse, Parameter
from clarion_server.adapters.rendering.review.json_types import (
    ALL,
    COMPARABLE,
    LISTS,
    NUMERIC,
    SCALARS,
    SIZED,
    Kind,
    keywords,
)
from clarion_server.adapters.rendering.review.json_types import TEXT as TEXT_KINDS
from clarion_server.adapters.rendering.review.test_rules import TEST_RULES
from clarion_server.adapters.rendering.structure import closest
from clarion_server.domain.finding import FindingCode

_NOT_NULL = ALL - {Kind.NULL}
_LIST_OR_TEXT = TEXT_KINDS | {Kind.ARRAY}

_ATTRIBUTE = Parameter("attribute", ALL)
_CASE = Parameter("case_sensitive", ALL)
_REVERSE = Parameter("reverse", ALL)
_DEFAULT = Parameter("default", ALL, by_keyword_alone=True)


def _path(use: FilterUse) -> str:
    return f"{use.shape.path}[…]" if use.shape.path else ""


def _element(use: FilterUse) -> AbstractValue:
    """Any entry, for filters that look at each."""
    elements = use.shape.elements()
    return AbstractValue(elements.alternatives, path=_path(use))


def _same_length(use: FilterUse, element: AbstractValue) -> AbstractValue:
    return list_of(element, least=int(use.shape.is_filled()))


def _attributes(use: FilterUse, element: AbstractValue) -> list[AbstractValue]:
    """The entry itself, or the parts of it that `attribute` names: `sort` takes several, as in `"city,name"`."""
    node = use.arguments.get("attribute")
    if node is None:
        return [element]
    if not isinstance(node, nodes.Const) or not isinstance(node.value, str | int):
        return [use.refuse(f"`attribute` of `{use.name}` must be written out.", "Name it as a text.")]
    names = str(node.value).split(",") if use.name == "sort" else [str(node.value)]
    return [followed(element, name) for name in names]


def followed(element: AbstractValue, attribute: str) -> AbstractValue:
    """`address.city`, by the rules of Jinja2: a number is an index."""
    shape = element
    for step in attribute.split("."):
        path = f"{shape.path}.{step}" if shape.path else step
        shape = shape.entry(int(step), path) if step.isdecimal() else shape.member(step, path)
    return shape


def _extreme(use: FilterUse) -> AbstractValue:
    """`min` and `max`: missing for an empty list."""
    _sorted(use)
    element = use.shape.elements()
    if use.shape.is_filled():
        return element
    return AbstractValue(element.alternatives, MissingReason(Cause.TOO_FEW, ""))


def _sorted(use: FilterUse) -> AbstractValue:
    element = _element(use)
    for shape in _attributes(use, element):
        use.reader.report.usable(shape, use.line, COMPARABLE, f"`{use.name}` needs")
    return _same_length(use, element)


def _unique(use: FilterUse) -> AbstractValue:
    element = _element(use)
    for shape in _attributes(use, element):
        use.reader.report.usable(shape, use.line, SCALARS, f"`{use.name}` needs")
    return _same_length(use, element)


def _grouped(use: FilterUse) -> AbstractValue:
    element = _element(use)
    key = _attributes(use, element)[0]
    usable = use.reader.report.usable(key, use.line, COMPARABLE, f"`{use.name}` needs")
    pairs = pairs_of(usable, list_of(element, least=1))
    return _same_length(use, pairs.elements())


def _summed(use: FilterUse) -> AbstractValue:
    for shape in _attributes(use, _element(use)):
        use.reader.report.usable(shape, use.line, NUMERIC, "`sum` needs")
    return NUMBER


def _joined(use: FilterUse) -> AbstractValue:
    for shape in _attributes(use, _element(use)):
        use.reader.report.printable(shape, use.line)
    return TEXT


def _mapped(use: FilterUse) -> AbstractValue:
    element = _element(use)
    if "attribute" in use.arguments:
        found = _attributes(use, element)[0]
        default = use.argument("default")
        if default is not None:
            use.reader.report.known(found, use.line)
            return _same_length(use, any_of([found.certain(), use.reader.report.present(default, use.line)]))
        return _same_length(use, use.reader.report.present(found, use.line))
    return _same_length(use, _mapped_by_filter(use, element))


def _mapped_by_filter(use: FilterUse, element: AbstractValue) -> AbstractValue:
    name = _spelled_out(use.more)
    if name is None:
        return use.refuse("`map` needs the name of a filter or `attribute=`.", "Write it out as a text.")
    mapped = nodes.Filter(None, name, list(use.more[1:]), [], None, None, lineno=use.line)
    return use.reader.report.present(use.reader.filtered(mapped, element, use.scope), use.line)


def _selected(use: FilterUse) -> AbstractValue:
    element = _element(use)
    if use.more:
        _tested(use, element, use.more)
    is_kept_when_filled = use.name == "select" and not use.more
    return list_of(element.filled() if is_kept_when_filled else element)


def _selected_by_attribute(use: FilterUse) -> AbstractValue:
    attribute, test = _spelled_out(use.more), use.more[1:]
    element = _element(use)
    if attribute is None:
        return use.refuse(f"`{use.name}` needs the name of an attribute.", "Write it out as a text.")
    part = followed(element, attribute)
    if test:
        _tested(use, part, test)
    elif part.doubt is not None and part.doubt.cause is Cause.UNKNOWN:
        use.reader.report.present(part, use.line)
    is_kept_when_filled = use.name == "selectattr" and not test and attribute.isidentifier()
    return list_of(_having(element, attribute) if is_kept_when_filled else element)


def _having(element: AbstractValue, name: str) -> AbstractValue:
    filled = {"type": keywords(_NOT_NULL)}
    return element.that({"type": "object", "required": [name], "properties": {name: filled}})


def _tested(use: FilterUse, shape: AbstractValue, test: Sequence[nodes.Expr]) -> None:
    name = _spelled_out(test) or ""
    if name in TEST_RULES:
        tested(use.reader, TEST_RULES[name], name, shape, test[1:], use.scope, use.line)
    else:
        message = f"`{use.name}` needs the name of a test."
        remedy = f"Write it out as a text.{closest(name, TEST_RULES)}"
        use.reader.report.error(FindingCode.TEMPLATE_UNKNOWN_NAME, use.line, message, remedy)


def _spelled_out(arguments: Sequence[nodes.Expr]) -> str | None:
    """The name that comes first among the arguments of a filter that applies another filter or a test."""
    first = arguments[0] if arguments else None
    return first.value if isinstance(first, nodes.Const) and isinstance(first.value, str) else None


def _first_or_last(use: FilterUse) -> AbstractValue:
    """Missing for an empty list."""
    element = use.shape.elements()
    if use.shape.is_filled():
        return AbstractValue(element.alternatives)
    return AbstractValue(element.alternatives, MissingReason(Cause.TOO_FEW, ""))


def _listed(use: FilterUse) -> AbstractValue:
    return _same_length(use, use.shape.elements())


def _reversed(use: FilterUse) -> AbstractValue:
    lists = _same_length(use, use.shape.elements()) if Kind.ARRAY in use.shape.kinds else NEVER
    texts = TEXT if Kind.STRING in use.shape.kinds else NEVER
    return any_of([lists, texts])


def _pairs(use: FilterUse) -> AbstractValue:
    return pairs_of(TEXT, use.shape.members())


def _sorted_pairs(use: FilterUse) -> AbstractValue:
    if use.constant("by") == "value":
        use.reader.report.usable(use.shape.members(), use.line, COMPARABLE, "`dictsort` by value needs")
    return _pairs(use)


def _is_key_or_value(value: object) -> bool:
    return value in {"key", "value"}


_OBJECTS = frozenset({Kind.OBJECT})
_BY = Parameter("by", TEXT_KINDS, accepts=_is_key_or_value, wanted="'key' or 'value'")
_ITEMS = FilterRule(_OBJECTS, _pairs)

LIST_RULES: Mapping[str, FilterRule] = {
    "count": FilterRule(SIZED, lambda _: NUMBER),
    "dictsort": FilterRule(_OBJECTS, _sorted_pairs, (_CASE, _BY, _REVERSE)),
    "first": FilterRule(SIZED, _first_or_last),
    "groupby": FilterRule(LISTS, _grouped, (Parameter("attribute", ALL, is_required=True),)),
    "items": _ITEMS,
    "join": FilterRule(LISTS, _joined, (Parameter("separator"), _ATTRIBUTE)),
    "last": FilterRule(_LIST_OR_TEXT, _first_or_last),
    "length": FilterRule(SIZED, lambda _: NUMBER),
    "list": FilterRule(LISTS, _listed),
    "map": FilterRule(LISTS, _mapped, (Parameter("attribute", ALL, by_keyword_alone=True), _DEFAULT), takes_more=True),
    "max": FilterRule(LISTS, _extreme, (_CASE, _ATTRIBUTE)),
    "min": FilterRule(LISTS, _extreme, (_CASE, _ATTRIBUTE)),
    "reject": FilterRule(LISTS, _selected, takes_more=True),
    "rejectattr": FilterRule(LISTS, _selected_by_attribute, takes_more=True),
    "reverse": FilterRule(_LIST_OR_TEXT, _reversed),
    "select": FilterRule(LISTS, _selected, takes_more=True),
    "selectattr": FilterRule(LISTS, _selected_by_attribute, takes_more=True),
    "sort": FilterRule(LISTS, _sorted, (_REVERSE, _CASE, _ATTRIBUTE)),
    "sum": FilterRule(LISTS, _summed, (_ATTRIBUTE, Parameter("start", NUMERIC))),
    "unique": FilterRule(LISTS, _unique, (_CASE, _ATTRIBUTE)),
}

#: The methods of objects, which templates may call.
METHOD_RULES: Mapping[str, Callable[[AbstractValue], AbstractValue]] = {
    ".items()": lambda shape: pairs_of(TEXT, shape.members()),
    ".keys()": lambda _shape: list_of(TEXT),
    ".values()": lambda shape: list_of(shape.members()),
}
