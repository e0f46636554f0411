"""One template: it is parsed and compiled once, rendered often, and pays for its work."""

from __future__ import annotations

from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from babel import Locale
from jinja2 import Template, nodes

from clarion_server.adapters.rendering.evaluation.budget import LIMITS, Budget, RenderContext
from clarion_server.adapters.rendering.evaluation.values import RenderRefused, ValueMissing
from clarion_server.adapters.rendering.templates.compilation import compile_tree
from clarion_server.adapters.rendering.templates.environment import ContentEnvironment
from clarion_server.adapters.rendering.templates.expression_path import paths_by_line
from clarion_server.adapters.rendering.templates.structure import Refusal, parse_template
from clarion_server.application.ports.content import ContentInvalid, RenderingFailed
from clarion_server.domain.content.built_source import BuiltSource
from clarion_server.domain.content.source_places import place_of


class _Code:
    """Is the compiled code of a source, which all contents share that have the source."""

    __slots__ = ("__weakref__", "paths", "template")

    def __init__(self, field: str, source: BuiltSource, environment: ContentEnvironment) -> None:
        """Raises ContentInvalid."""
        tree = _read(field, source, environment)
        # Collected before the tree is compiled, which changes it.
        self.paths = paths_by_line(tree)
        self.template = _template(field, tree, environment)


#: Says what is compiled now, by its environment and its source: the texts of twenty languages are often one template.
_CODES: WeakValueDictionary[tuple[ContentEnvironment, BuiltSource], _Code] = WeakValueDictionary()


def _code(field: str, source: BuiltSource, environment: ContentEnvironment) -> _Code:
    code = _CODES.get((environment, source))
    if code is None:
        code = _CODES[environment, source] = _Code(field, source, environment)
    return code


class CompiledTemplate:
    """Is a part of a content. `field` is its path in the campaign."""

    __slots__ = ("_code", "_evaluation", "_root", "_stretches", "field")

    def __init__(self, field: str, source: BuiltSource, environment: ContentEnvironment) -> None:
        """Raises ContentInvalid."""
        self.field = field
        self._evaluation = environment.evaluation
        self._stretches = source.stretches
        self._code = _code(field, source, environment)
        self._root = self._code.template.root_render_func

    def render(self, variables: dict[str, Any], locale: Locale, budget: Budget | None = None) -> str:
        """Returns the text. Raises RenderingFailed.

        The parts of one message share `variables`, which no template can change, and its budget.
        """
        try:
            return self._joined(RenderContext(variables, self._evaluation, budget or Budget(), locale))
        except ValueMissing as missing:
            raise self._missing(missing) from None
        except RenderRefused as refused:
            raise self._failure(refused, str(refused)) from None
        except Exception as error:  # noqa: BLE001  (a template can raise whatever Python's operators raise)
            raise self._failure(error, f"an operation does not fit its values ({type(error).__name__})") from None

    def _joined(self, context: RenderContext) -> str:
        """Joins the pieces that the template yields, unless they are too long together."""
        # All of them at once, as a step of Python for each takes long: what is in loops is paid for before it is made.
        pieces = [*self._root(context)]
        if sum(map(len, pieces)) > LIMITS.text_chars:
            raise RenderRefused(f"the result is longer than {LIMITS.text_chars:,} characters")
        return "".join(pieces)

    def _missing(self, error: ValueMissing) -> RenderingFailed:
        line = self._line(error)
        path = self._code.paths.get((line, error.name))
        return self._failed(line, f"`{path}` is missing" if path else str(error))

    def _failure(self, error: Exception, detail: str) -> RenderingFailed:
        return self._failed(self._line(error), detail)

    def _failed(self, line: int, detail: str) -> RenderingFailed:
        place = place_of(self._stretches, line)
        return RenderingFailed(self.field, place.line, f"{place}: {detail}" if place.way else detail)

    def _line(self, error: Exception) -> int:
        """Returns the template's line in which an error came up, from the innermost frame of its compiled code."""
        line, traceback = 0, error.__traceback__
        while traceback is not None:
            if _is_of(traceback, self._code.template):
                line = self._code.template.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return line


def _read(field: str, source: BuiltSource, environment: ContentEnvironment) -> nodes.Template:
    tree, refusals = parse_template(source.text, environment, source.lines)
    if tree is None or refusals:
        raise _invalid(field, refusals[0])
    return tree


def _template(field: str, tree: nodes.Template, environment: ContentEnvironment) -> Template:
    code = compile_tree(tree, environment)
    if isinstance(code, Refusal):
        raise _invalid(field, code)
    return Template.from_code(environment, code, environment.globals)


def _invalid(field: str, refusal: Refusal) -> ContentInvalid:
    return ContentInvalid(f"{field}, line {refusal.line}: {refusal.message}")


def _is_of(traceback: TracebackType, template: Template) -> bool:
    return traceback.tb_frame.f_globals.get("__jinja_template__") is template
