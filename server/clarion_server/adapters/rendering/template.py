"""One template: parsed, made to pay, compiled once, rendered often."""

from __future__ import annotations

from itertools import islice
from types import CodeType, TracebackType
from typing import Any

from babel import Locale
from jinja2 import Template, TemplateSyntaxError, nodes

from clarion_server.adapters.rendering.bounds import LIMITS, Budget, RenderContext
from clarion_server.adapters.rendering.environment import ContentEnvironment
from clarion_server.adapters.rendering.expression_path import place_at
from clarion_server.adapters.rendering.rewriting import rewritten
from clarion_server.adapters.rendering.structure import Refusal, parsed, syntax_refusal
from clarion_server.adapters.rendering.values import RenderRefused, ValueMissing
from clarion_server.application.ports.content import ContentInvalid, RenderingFailed

_PIECES_BETWEEN_CHECKS = 16


class CompiledTemplate:
    """A part of a content. `field` is its dotted path in the campaign."""

    __slots__ = ("_environment", "_globals", "_root", "_source", "_template", "field")

    def __init__(self, field: str, source: str, environment: ContentEnvironment) -> None:
        """Raises ContentInvalid."""
        self.field = field
        self._source = source
        self._environment = environment
        self._template = _template(field, source, environment)
        self._root = self._template.root_render_func
        self._globals = environment.globals

    def render(self, variables: dict[str, Any], locale: Locale) -> str:
        """Raises RenderingFailed. Calls of one message may share `variables`, which no template can change."""
        context = RenderContext(self._environment, variables, None, {}, self._globals)
        context.budget = Budget()
        context.locale = locale
        try:
            return self._written(context)
        except ValueMissing as missing:
            raise self._missing(missing) from None
        except RenderRefused as refused:
            raise self._failure(refused, str(refused)) from None
        except Exception as error:  # noqa: BLE001  (a template can raise whatever Python's operators raise)
            raise self._failure(error, f"an operation does not fit its values ({type(error).__name__})") from None

    def _written(self, context: RenderContext) -> str:
        pieces = self._root(context)
        text = ""
        while batch := list(islice(pieces, _PIECES_BETWEEN_CHECKS)):
            text += "".join(batch)
            if len(text) > LIMITS.output_chars:
                raise RenderRefused(f"the result is longer than {LIMITS.output_chars:,} characters")
        return text

    def _missing(self, error: ValueMissing) -> RenderingFailed:
        line = self._line(error)
        place = place_at(self._environment.parse(self._source), line, error.name)
        return RenderingFailed(self.field, line, f"`{place}` is missing" if place else str(error))

    def _failure(self, error: Exception, detail: str) -> RenderingFailed:
        return RenderingFailed(self.field, self._line(error), detail)

    def _line(self, error: Exception) -> int:
        """The template's line in which the error came up: the innermost frame of its compiled code tells."""
        line, traceback = 0, error.__traceback__
        while traceback is not None:
            if _is_of(traceback, self._template):
                line = self._template.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return line


def compiled(tree: nodes.Template, environment: ContentEnvironment) -> CodeType | Refusal:
    """The template's code, or why there is none. Changes the tree."""
    try:
        return environment.compile(rewritten(tree))
    except TemplateSyntaxError as error:
        return syntax_refusal(error.lineno, error.message or "")
    except (SyntaxError, RecursionError, MemoryError):
        # Python's compiler has limits of its own, which the bounds on nesting should keep away.
        return syntax_refusal(0, "The template is nested too deeply.")


def _template(field: str, source: str, environment: ContentEnvironment) -> Template:
    tree, refusals = parsed(source, environment)
    code = refusals[0] if tree is None or refusals else compiled(tree, environment)
    if isinstance(code, Refusal):
        raise ContentInvalid(f"{field}, line {code.line}: {code.message}")
    return Template.from_code(environment, code, environment.globals)


def _is_of(traceback: TracebackType, template: Template) -> bool:
    return traceback.tb_frame.f_globals.get("__jinja_template__") is template
