"""Makes the Jinja2 environments of contents: sandboxed, strict about missing values, bounded.

A template reaches the data it was given and nothing else: attribute access reads keys of objects, never attributes of
Python values, so there is nothing to break out with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.lexer import Lexer
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from clarion_server.adapters.rendering.evaluation.budget import RenderContext
from clarion_server.adapters.rendering.evaluation.json_values import json_text
from clarion_server.adapters.rendering.evaluation.operators import OPERATORS, bounded_range
from clarion_server.adapters.rendering.evaluation.template_tests import TESTS
from clarion_server.adapters.rendering.evaluation.values import MissingValue, as_html, as_text
from clarion_server.adapters.rendering.filters import FILTERS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.lexer import BoundedLexer
from clarion_server.adapters.rendering.templates.rewriting import HIDDEN_FILTERS
from clarion_server.adapters.rendering.templates.source_limits import SourceLimits

LOOP_ATTRIBUTES = frozenset(
    {"cycle", "first", "index", "index0", "last", "length", "nextitem", "previtem", "revindex", "revindex0"}
)

#: Holds the functions that every template may call.
GLOBALS: dict[str, Any] = {"range": bounded_range}


class _TemplateCode(CodeGenerator):
    """Writes what `finalize` returns as it is. Jinja2 would make it a text again, or escape it, with an object more."""

    def _output_child_pre(self, _node: nodes.Expr, _frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        assert finalize.src is not None
        self.write(finalize.src)

    def _output_child_post(self, _node: nodes.Expr, _frame: Frame, _finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write(")")


class ContentEnvironment(ImmutableSandboxedEnvironment):
    """All templates with the same escaping share one, which nothing changes after it was made.

    The optimizer is off: it would run operators and filters while a template is compiled, where nobody pays.
    """

    intercepted_binops = frozenset(OPERATORS)
    context_class = RenderContext
    code_generator_class = _TemplateCode

    def __init__(
        self,
        *,
        autoescape: bool = False,
        finalize: Callable[..., str] = as_text,
        filters: Mapping[str, Callable[..., Any]] = FILTERS,
    ) -> None:
        """`finalize` makes the text that `{{ }}` writes of a value, escaped as the template is."""
        super().__init__(
            autoescape=autoescape,
            cache_size=0,
            extensions=[SourceLimits],
            finalize=finalize,
            optimized=False,
            undefined=MissingValue,
        )
        self.filters = {**filters, **HIDDEN_FILTERS}
        self.tests = dict(TESTS)
        self.globals = GLOBALS
        self.evaluation = EvalContext(self)
        self._lexer = BoundedLexer(self)

    @property
    def lexer(self) -> Lexer:
        return self._lexer

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict:
            try:
                return obj[attribute]
            except KeyError:
                return MissingValue(name=attribute)
        if isinstance(obj, Undefined):
            return obj
        if isinstance(obj, LoopContext) and attribute in LOOP_ATTRIBUTES:
            return getattr(obj, attribute)
        return MissingValue(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj
        # Other keys cannot be found, and to hash or to name them may take any amount of work.
        if not isinstance(argument, str | int | float):
            return MissingValue()
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]  # type: ignore[index]  # a key that does not fit raises TypeError
            except (TypeError, LookupError):
                pass
        return MissingValue(name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        assert isinstance(context, RenderContext)
        return OPERATORS[operator](context.budget, left, right)


#: `escape` and `safe` speak of HTML. Without them markup is JSON already, made by `tojson`.
_JSON_FILTERS = {name: run for name, run in FILTERS.items() if name not in {"e", "escape", "safe"}}

ENVIRONMENTS: Mapping[Escaping, ContentEnvironment] = {
    Escaping.NONE: ContentEnvironment(),
    Escaping.HTML: ContentEnvironment(autoescape=True, finalize=as_html),
    Escaping.JSON: ContentEnvironment(finalize=json_text, filters=_JSON_FILTERS),
}
