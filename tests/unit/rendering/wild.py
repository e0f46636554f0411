"""Wild schemas, contexts and templates from a seed, with every keyword, tag and filter that review follows."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

Json = Any

NAMES = ("a", "b", "c", "d")

_SCALARS: tuple[Json, ...] = (
    {"type": "string"},
    {"type": "string"},
    {"type": "number"},
    {"type": "integer"},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["string", "null"]},
    {"type": ["number", "string"]},
    {"enum": ["x", 1, None]},
    {"const": "x"},
    {"$ref": "#/$defs/one"},
    {"$ref": "#/$defs/two"},
    {},
    True,
)

_PLAIN: Mapping[str, tuple[Json, ...]] = {
    "boolean": (True, False),
    "integer": (0, 3),
    "null": (None,),
    "number": (0, 1, 2.5),
    "string": ("x", "", "2026-01-01"),
}

_ROOTS = ("context",) * 6 + ("profile", "loop", "v")
_STEPS = (*(f".{name}" for name in NAMES * 2), '["a"]', "[0]", "[-1]", "[1]", "[context.a]")

_EXPRESSIONS = (
    *("{p}",) * 8,
    *("({x} or {y})", "({x} and {y})", "(not {x})", "({x} if {c} else {y})", "{x} ~ {y}", "({x} + {y})"),
    *("{p} | default('x')", "{p} | default({y})", "{p} | d(none)", "{p} | upper", "{p} | length", "-{p}"),
    *("({p} | first)", "({p} | last)", "({p} | list)", "{p} | join(',')", "({p} | sort)", "({p} | max)"),
    *("({p} | map(attribute='a') | list)", "{p} | map(attribute='a', default='x') | join", "({p} | unique)"),
    *("({p} | selectattr('a') | list)", "({p} | selectattr('a', 'defined') | list)", "({p} | select)"),
    *("{p} | sum(attribute='a')", "({p} | groupby('a'))", "({p} | reverse)", "{p} | replace('a', 'b')"),
    *("({p} | items)", "{p}.items()", "({p} | dictsort)", "{p}.values()", "{p}.keys()", "{p}[1:]"),
    *("({p} | map('upper') | list)", "({p} | map('default', 'x') | list)", "({p} | rejectattr('b'))"),
    *("({p} | map('first') | list)", "({p} | select('string'))", "({p} | sort(attribute='a'))", "({p} | min)"),
    *("[{x}, {y}]", "{{'a': {x}, 'b': {y}}}", "({x}, {y})", "{p} | string", "{p} | int", "{p} | number"),
    *("({p} | unique(attribute='a'))", "range({p})", "loop.cycle({x}, {y})", "({p} | selectattr('a', 'gt', 1))"),
)
_ATOMS = ("{p}", "{p}", "'x'", "1", "none", "[]", "['x']")

_CONDITIONS = (
    *("{p}",) * 4,
    *("{p} is defined", "{p} is not defined", "{p} is undefined", "not {p}", "{p} is none", "{p} is not none"),
    *("{p} is string", "{p} is mapping", "{p} is number", "{p} is sequence", "{p} is iterable", "{p} is boolean"),
    *("{p} == 'x'", "{p} != none", "{p} == none", "{p} | length > 0", "{p} | length", "{p} | default('')"),
    *("{p} | length == 0", "'x' in {p}", "{p} in ['x']", "{p} > 0", "{p} == 1", "loop.first", "loop.previtem"),
)
_JOINTS = ("({a} and {b})", "({a} or {b})", "not ({a} and {b})", "not ({a} or {b})")

#: Printing asks much of a value; the others let most values through, so that many templates pass review.
_OUTPUTS = (
    *("{{{{ {e} }}}}", "{{{{ ({e}) | default('x') }}}}", "{{{{ ({e}) or 'x' }}}}", "{{{{ 1 if ({e}) else 2 }}}}"),
    *("{{% if ({e}) is string %}}{{{{ {e} }}}}{{% endif %}}", "{{% if {p} %}}{{{{ {p} }}}}{{% endif %}}"),
    *("{{{{ {p} }}}}", "{{{{ {p} | default('x') }}}}", "{{% if {c} %}}{{{{ {p} }}}}{{% endif %}}"),
)

_STATEMENTS = (
    *("{o}",) * 8,
    *("{{% if {c} %}}{x}{{% endif %}}", "{{% if {c} %}}{x}{{% else %}}{y}{{% endif %}}") * 2,
    "{{% if {c} %}}{x}{{% elif {d} %}}{y}{{% else %}}{z}{{% endif %}}{x}",
    *("{{% for {v} in {e} %}}{x}{{% endfor %}}",) * 2,
    "{{% for {v} in {e} if {c} %}}{x}{{% else %}}{y}{{% endfor %}}",
    "{{% for v, w in {e} %}}{x}{{% endfor %}}",
    "{{% with {v} = {e} %}}{x}{{% endwith %}}",
    "{{% with v = {e}, w = v %}}{x}{{% endwith %}}{y}",
    *("{{% set {v} = {e} %}}{x}", "{{% if {c} %}}{{% set {v} = {e} %}}{{% endif %}}{x}"),
    "{{% set v, w = {e} %}}{x}",
)


class Wild:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def _one_in(self, chances: int) -> bool:
        return self._random.randrange(chances) == 0

    def _some(self, values: tuple[str, ...]) -> list[str]:
        return [value for value in values if self._one_in(2)]

    # --- schemas

    def root_schema(self) -> dict[str, Json]:
        one = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
        definitions = {"one": one, "two": {"type": "array", "items": {"$ref": "#/$defs/one"}}}
        return {**self._object_schema(3), "type": "object", "$defs": definitions}

    def schema(self, depth: int) -> Json:
        if depth == 0 or self._one_in(3):
            return self._random.choice(_SCALARS)
        kinds = (self._object_schema, self._object_schema, self._array_schema, self._array_schema, self._combination)
        return self._random.choice(kinds)(depth - 1)

    def _object_schema(self, depth: int) -> dict[str, Json]:
        schema: dict[str, Json] = {"properties": {name: self.schema(depth) for name in self._some(NAMES)}}
        schema["required"] = self._some(NAMES)
        if not self._one_in(6):
            schema["type"] = "object" if not self._one_in(8) else ["object", "null"]
        if self._one_in(2):
            schema["additionalProperties"] = self._random.choice([False, {"type": "string"}, self.schema(depth)])
        if self._one_in(6):
            schema["patternProperties"] = {"^[ab]$": self.schema(depth)}
        return schema

    def _array_schema(self, depth: int) -> dict[str, Json]:
        schema: dict[str, Json] = {"type": "array" if not self._one_in(5) else ["array", "null"]}
        if not self._one_in(5):
            schema["items"] = self.schema(depth)
        if self._one_in(2):
            schema["minItems"] = self._random.randrange(3)
        if self._one_in(4):
            schema["prefixItems"] = [self.schema(depth) for _ in range(self._random.randint(1, 2))]
        if self._one_in(5):
            schema["maxItems"] = 2
        return schema

    def _combination(self, depth: int) -> dict[str, Json]:
        keyword = self._random.choice(["anyOf", "anyOf", "oneOf", "allOf", "if"])
        if keyword == "if":
            return {"if": self.schema(depth), "then": self.schema(depth), "else": self.schema(depth)}
        return {keyword: [self.schema(depth) for _ in range(self._random.randint(1, 3))]}

    # --- contexts: mostly what the schema asks for; the validator has the last word

    def anything(self, depth: int = 2) -> Json:
        choice = self._random.choice(["plain", "plain", "list", "object"]) if depth else "plain"
        if choice == "list":
            return [self.anything(depth - 1) for _ in range(self._random.randrange(3))]
        if choice == "object":
            return {name: self.anything(depth - 1) for name in self._some(NAMES)}
        return self._random.choice([None, True, 0, 1.5, "", "x", [], {}])

    def value(self, schema: Json, root: Mapping[str, Json]) -> Json:
        if not isinstance(schema, dict) or not schema or self._one_in(40):
            return self.anything()
        if "$ref" in schema:
            return self.value(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
        if "const" in schema or "enum" in schema:
            return self._random.choice(schema.get("enum", [schema.get("const")]))
        if "if" in schema:
            return self.value(schema[self._random.choice(["then", "else", "if"])], root)
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema:
                return self._combined(keyword, schema[keyword], root)
        return self._typed(schema, root)

    def _combined(self, keyword: str, members: list[Json], root: Mapping[str, Json]) -> Json:
        if keyword != "allOf":
            return self.value(self._random.choice(members), root)
        drawn = [self.value(member, root) for member in members]
        if all(isinstance(value, dict) for value in drawn):
            return {key: value for part in drawn for key, value in part.items()}
        return drawn[0]

    def _typed(self, schema: Mapping[str, Json], root: Mapping[str, Json]) -> Json:
        types = schema.get("type", ["object", "object", "object", "string", "array", "null"])
        kind = types if isinstance(types, str) else self._random.choice(types)
        if kind == "object":
            return self._object(schema, root)
        return self._array(schema, root) if kind == "array" else self._random.choice(_PLAIN[kind])

    def _object(self, schema: Mapping[str, Json], root: Mapping[str, Json]) -> Json:
        required = schema.get("required", ())
        inner = {name: schema.get("additionalProperties", True) for name in NAMES} | schema.get("properties", {})
        taken = [name for name in NAMES if name in required or (inner[name] is not False and self._one_in(2))]
        return {name: self.value(inner[name], root) for name in taken}

    def _array(self, schema: Mapping[str, Json], root: Mapping[str, Json]) -> Json:
        prefix, least = schema.get("prefixItems", []), schema.get("minItems", 0)
        count = least + self._random.choice([0, 0, 1, 2])
        return [self.value([*prefix, *[schema.get("items", True)] * count][index], root) for index in range(count)]

    # --- templates: one statement a line; few paths, so that a guard often meets what it guards

    def template(self, schema: Mapping[str, Json]) -> list[str]:
        pool = [self._path_in(schema, schema) for _ in range(4)] + [self._path()]
        return [self._statement(pool, self._random.choice([1, 1, 2])) for _ in range(self._random.randint(4, 10))]

    def _path(self) -> str:
        steps = (self._random.choice(_STEPS) for _ in range(self._random.randrange(3)))
        return self._random.choice(_ROOTS) + "".join(steps)

    def _path_in(self, schema: Json, root: Mapping[str, Json], path: str = "context") -> str:
        """Returns a path to something that the schema describes."""
        if not isinstance(schema, dict) or self._one_in(5):
            return path
        if "$ref" in schema:
            return self._path_in(root["$defs"][schema["$ref"].rpartition("/")[2]], root, path)
        if schema.get("properties"):
            name = self._random.choice(sorted(schema["properties"]))
            return self._path_in(schema["properties"][name], root, f"{path}.{name}")
        if "items" in schema and self._one_in(2):
            return self._path_in(schema["items"], root, f"{path}[0]")
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema:
                return self._path_in(self._random.choice(schema[keyword]), root, path)
        return path

    def _expression(self, pool: list[str], depth: int = 2) -> str:
        form = self._random.choice(_EXPRESSIONS if depth else _ATOMS)
        inner = {name: self._expression(pool, depth - 1) for name in "xy"} if depth else {}
        condition = self._condition(pool, 0)
        return form.format(p=self._random.choice(pool), c=condition, **inner)

    def _condition(self, pool: list[str], depth: int = 1) -> str:
        simple = str(self._random.choice(_CONDITIONS)).format(p=self._random.choice(pool))
        if depth == 0 or self._one_in(2):
            return simple
        return str(self._random.choice(_JOINTS)).format(a=simple, b=self._condition(pool, depth - 1))

    def _output(self, pool: list[str]) -> str:
        form = str(self._random.choice(_OUTPUTS))
        return form.format(e=self._expression(pool, 1), p=self._random.choice(pool), c=self._condition(pool))

    def _statement(self, pool: list[str], depth: int) -> str:
        if depth == 0:
            return self._output(pool)
        variable = self._random.choice(["v", "w"])
        inner = [*pool, variable, variable, f"{variable}.{self._random.choice(NAMES)}", f"{pool[0]}[{variable}]"]
        bodies = {name: self._statement(inner, depth - 1) for name in "xyz"}
        conditions = {name: self._condition(pool) for name in "cd"}
        form = str(self._random.choice(_STATEMENTS))
        expression = self._expression(pool) if self._one_in(3) else self._random.choice(pool)
        return form.format(e=expression, v=variable, o=self._output(pool), **bodies, **conditions)
