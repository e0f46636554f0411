"""What google.api.http says of the methods of the contract: which URL calls which of them, and how.

Rules are read from the descriptors once, when the service starts, and refused there when they make no sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from clarion_server.transport.http.path_templates import Template, parse

#: As `HttpRule.body` and `Binding.body`: every field that the path does not bind.
WHOLE = "*"
#: As `Binding.http_method`: all of them, such as a custom pattern may ask for.
ANY_METHOD = "*"


class BindingInvalid(ValueError):
    """An HTTP rule does not fit the method that it stands at. The text says which and why."""


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One URL and HTTP method that call one method of the contract."""

    method: MethodDescriptor
    http_method: str
    template: Template
    body: str
    """The request's field that the body is; `*`: all of the request; empty: no body."""
    response_body: str
    """The response's field that the body is; empty: all of the response."""

    @property
    def path(self) -> str:
        """Of the method, such as `/clarion.v1.TriggerService/Trigger`."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"


def bindings_of(method: MethodDescriptor) -> list[Binding]:
    """None for a method without a rule. Raises BindingInvalid and TemplateInvalid."""
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
    for flaw in _flaws(binding):
        raise BindingInvalid(f"{method.full_name}, {path}: {flaw}")
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


def _flaws(binding: Binding) -> Iterator[str]:
    request, response = binding.method.input_type, binding.method.output_type
    for variable in binding.template.variables:
        yield from _variable_flaws(request, variable.field)
    if binding.body not in {"", WHOLE} and binding.body not in request.fields_by_name:
        yield f"the request has no field {binding.body} to be the body."
    if binding.response_body and binding.response_body not in response.fields_by_name:
        yield f"the response has no field {binding.response_body} to be the body."


def _variable_flaws(request: Descriptor, path: tuple[str, ...]) -> Iterator[str]:
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
