"""The findings of one template that writes JSON."""

from __future__ import annotations

from jinja2 import nodes

from clarion_server.adapters.rendering.inference.abstract_values import AbstractValue
from clarion_server.adapters.rendering.inference.json_types import CONTAINERS, STRINGS
from clarion_server.adapters.rendering.inference.report import Report
from clarion_server.adapters.rendering.review.json_skeleton import JsonSkeleton
from clarion_server.domain.finding import FindingCode

_QUOTED = CONTAINERS | STRINGS


class JsonReport(Report):
    """Collects findings where every value is written as JSON, so that lists, objects and null can be written too."""

    def __init__(self, field: str, tree: nodes.Template) -> None:
        super().__init__(field)
        self._skeleton = JsonSkeleton(tree)
        fault = self._skeleton.fault()
        if fault is not None:
            line, reason = fault
            self.error(FindingCode.JSON_INVALID, line, f"The template writes no JSON: {reason}.", "Correct the line.")

    def written(self, value: AbstractValue, node: nodes.Node) -> None:
        value = self.require_present(value, node.lineno)
        if self._skeleton.stands_in_string(node) and value.promised_types & _QUOTED:
            message = "A value stands between quotes, and is written with quotes of its own."
            remedy = "Remove the quotes around it. Join it with other text inside the tag: `{{ 'Order ' ~ … }}`."
            self.error(FindingCode.JSON_INVALID, node.lineno, message, remedy)
