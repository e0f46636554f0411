"""Reads the google.api.http rules of the contract: which URL calls which method, and how.

The rules are read from the descriptors when the service starts. A rule that does not fit its method stops the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from clarion_server.transport.http.path_templates import Template, parse

#: Is the value of `HttpRule.body` and `Binding.body` for every field that the path does not bind.
WHOLE = "*"
#: Is the value of `Binding.http_method` for all methods, which a custom pattern can ask for.
ANY_METHOD = "*"


class BindingInvalid(ValueError):
    """An HTTP rule does not fit its method. The text says which and why."""


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """Is a URL and HTTP method that call a method of the contract."""

    method: MethodDescriptor
    http_method: str
    template: Template
    body: str
    """Is the field of the request that is the body; `*` for the whole request; empty for no body."""
    response_body: str
    """Is the field of the response that is the body; empty for the whole response."""

    @property
    def path(self) -> str:
        """Returns the method's path, such as `/clarion.v1.TriggerService/Trigger`."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"


def bindings_of(method: MethodDescriptor) -> list[Binding]:
    """Returns no bindings for a method without a rule. Raises BindingInvalid and TemplateInvalid."""
    options = method.GetOptions()
    if not options.HasExtension(annotations_pb2.http):
        return []
    rule = options.Extensions[annotations_pb2.http]
    if any(additional.additional_bindings for additional in rule.additional_bindings):
        raise BindingInvalid(f"{method.full_name}: additional bindings may not be nested.")
    return [_binding(method, each) for each in (rule, *rule.additional_bindings)]


def _binding(method: MethodDescriptor, rule: http_pb2.HttpRule) -> Binding:
    http_method, path = _pattern(method, rule)
    binding = Binding(method, http_method, parse(path), rule.body, rule.response_body)
    for problem in _problems(binding):
        raise BindingInvalid(f"{method.full_name}, {path}: {problem}")
    return binding


def _pattern(method: MethodDescriptor, rule: http_pb2.HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    match kind:
        case None:
            raise BindingInvalid(f"{method.full_name}: the rule has no URL.")
        case "custom":
            return rule.custom.kind, rule.custom.path
        case _:
            return kind.upper(), getattr(rule, kind)


def _problems(binding: Binding) -> Iterator[str]:
    request, response = binding.method.input_type, binding.method.output_type
    for variable in binding.template.variables:
        yield from _variable_problems(request, variable.field)
    if binding.body not in {"", WHOLE} and binding.body not in request.fields_by_name:
        yield f"the request has no field {binding.body} to be the body."
    if binding.response_body and binding.response_body not in response.fields_by_name:
        yield f"the response has no field {binding.response_body} to be the body."


def _variable_problems(request: Descriptor, path: tuple[str, ...]) -> Iterator[str]:
    message: Descriptor | None = request
    name = ".".join(path)
    for part in path:
        field = None if message is None else message.fields_by_name.get(part)
        if field is None:
            yield f"the request has no field {name}."
            return
        if field.is_repeated:
            yield f"{name} is repeated, which a path cannot express."
        message = field.message_type
    if message is not None:
        yield f"{name} is a message, which a path cannot express."
