"""The contract keeps to its own rules (AIP grammar, comments that say what holds)."""

from __future__ import annotations

import re

import pytest
from clarion_server.domain import names
from clarion_server.domain.names import Collection
from clarion_server.transport.api.errors import ERRORS
from google.api import field_behavior_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from tests.descriptors import ContractFile, Element, contract, error_reasons, errors_named_by, is_a_list, rpcs

MAX_LINES = 350

#: Says how the comment of a field begins that has that behaviour.
BEGINNINGS = {
    field_behavior_pb2.REQUIRED: "Required.",
    field_behavior_pb2.OPTIONAL: "Optional.",
    field_behavior_pb2.OUTPUT_ONLY: "Output only.",
    field_behavior_pb2.INPUT_ONLY: "Input only.",
    field_behavior_pb2.IMMUTABLE: "Immutable.",
    field_behavior_pb2.IDENTIFIER: "Identifier.",
}

#: Holds the fields that hold the name of a resource or something else, which a reference cannot say.
HOLD_OTHERS_TOO = {"ListCampaignsRequest.creator", "SampleAudienceResponse.members"}
#: Holds the texts that are called like a resource and hold something else: an id, the name of a version, or words for
#: people.
CALLED_ALIKE = {
    "Campaign.identity_namespace",
    "CampaignVersion.fragments",
    "Finding.message",
    "FragmentVersion.fragments",
    "HealthProblem.message",
    "PreviewCampaignRequest.audiences",
    "SchemaDifference.message",
    "SendProofRequest.audiences",
    "TestCampaignRequest.test_cases",
    "TestCase.audiences",
    "TestCellKey.test_case",
}

FILES = contract()
FIELDS = [pair for file in FILES for pair in file.fields()]
#: Holds the types of the resources, by the form of their names.
TYPES = {pattern: each.resource.type for file in FILES for each in file.messages() for pattern in each.resource.pattern}
METHODS = list(rpcs())

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.proto.name)
each_rpc = pytest.mark.parametrize(("service", "method"), METHODS, ids=lambda element: element.name)


@each_file
def test_a_file_can_be_read_in_one_sitting(file: ContractFile) -> None:
    assert len(file.source.read_text().splitlines()) <= MAX_LINES


@each_file
def test_services_stand_in_files_of_their_own(file: ContractFile) -> None:
    assert bool(file.proto.service) == file.proto.name.endswith("_service.proto")
    assert len(file.proto.service) <= 1


def test_every_rpc_has_a_request_and_a_response_of_its_own() -> None:
    for _, method in METHODS:
        own = f".clarion.v1.{method.proto.name}"
        assert method.proto.input_type == f"{own}Request"
        assert method.proto.output_type == f"{own}Response"


@each_file
def test_requests_and_responses_stand_in_the_order_of_their_rpcs(file: ContractFile) -> None:
    in_order = [f"{method.proto.name}{side}" for _, method in file.methods() for side in ("Request", "Response")]
    # Those of a long service stand with the resource that they are about.
    here = [message.name for message in file.messages() if message.name in set(in_order)]
    assert here == [name for name in in_order if name in set(here)]


def test_a_resource_says_the_form_of_its_names_as_its_comment_does() -> None:
    resources = [(message, field) for message, field in FIELDS if field_behavior_pb2.IDENTIFIER in field.behaviours]
    assert {message.name for message, _ in FIELDS if message.resource.type} == {each.name for each, _ in resources}
    for message, field in resources:
        assert message.resource.type == f"clarion/{message.name}"
        assert list(message.resource.pattern) == re.findall("`([^`]+)`", field.text)[:1]


def test_the_service_and_the_contract_name_resources_alike() -> None:
    patterns = [pattern for file in FILES for message in file.messages() for pattern in message.resource.pattern]
    collections = {pattern.split("/")[-2] for pattern in patterns if "/" in pattern}
    assert {each.name for each in vars(names).values() if isinstance(each, Collection)} == collections


def test_a_field_refers_to_the_resource_whose_name_its_comment_says_that_it_holds() -> None:
    referring = [field for _, field in FIELDS if field.referred]
    assert {field.referred for field in referring} <= set(TYPES.values())
    for _, field in FIELDS:
        said = {type_ for pattern, type_ in TYPES.items() if f"`{pattern}`" in field.text}
        if field_behavior_pb2.IDENTIFIER in field.behaviours or field.name in HOLD_OTHERS_TOO:
            assert not field.referred, field.name
        elif len(said) == 1:
            assert {field.referred} == said, field.name


def test_a_text_that_is_called_like_a_resource_holds_its_name() -> None:
    called = {_snake_case(type_.removeprefix("clarion/")) for type_ in TYPES.values()}
    texts = [field for _, field in FIELDS if field.proto.type == FieldDescriptorProto.TYPE_STRING]
    alike = {field.name for field in texts if field.name.rpartition(".")[2].removesuffix("s") in called}
    assert {field.name for field in texts if field.name in alike and not field.referred} == CALLED_ALIKE


def _snake_case(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def test_every_list_is_paginated() -> None:
    lists = [(service, method) for service, method in METHODS if is_a_list(method.proto)]
    assert lists
    messages = {message.name: message.proto for file in FILES for message in file.messages()}
    for _, method in lists:
        asked = {field.name for field in messages[f"{method.proto.name}Request"].field}
        answered = {field.name: field for field in messages[f"{method.proto.name}Response"].field}
        assert {"page_size", "page_token"} <= asked, method.name
        assert "next_page_token" in answered, method.name
        repeated = [field for field in answered.values() if field.label == FieldDescriptorProto.LABEL_REPEATED]
        assert len(repeated) == 1, method.name


@each_file
def test_zero_means_unspecified(file: ContractFile) -> None:
    for enum in file.enums():
        values = list(enum.proto.value)
        prefix = values[0].name.removesuffix("_UNSPECIFIED")
        assert (values[0].number, values[0].name) == (0, f"{prefix}_UNSPECIFIED")
        assert all(value.name.startswith(f"{prefix}_") for value in values), enum.name
        assert [value.number for value in values] == list(range(len(values))), enum.name


@each_file
def test_a_fields_comment_and_its_behaviour_say_the_same(file: ContractFile) -> None:
    for _, field in file.fields():
        found = [beginning for beginning in BEGINNINGS.values() if field.text.startswith(beginning)]
        assert found == [BEGINNINGS[behaviour] for behaviour in field.behaviours], field.name


@each_file
def test_a_request_says_of_every_field_whether_it_is_needed(file: ContractFile) -> None:
    for message, field in file.fields():
        if message.name.endswith("Request"):
            assert field.behaviours, field.name


@each_file
def test_everything_is_explained_in_whole_sentences(file: ContractFile) -> None:
    elements = [*file.messages(), *file.services()]
    elements += [field for _, field in file.fields()] + [method for _, method in file.methods()]
    for enum in file.enums():
        elements += [enum, *file.values(enum)]
    # A comment may end with an example, as those of the error reasons do.
    assert [element.name for element in elements if not element.text.endswith((".", "}"))] == []


def test_fields_of_a_message_are_numbered_without_gaps() -> None:
    for file in FILES:
        for message in file.messages():
            numbers = [field.number for field in message.proto.field]
            kept = [
                number for reserved in message.proto.reserved_range for number in range(reserved.start, reserved.end)
            ]
            assert sorted(numbers + kept) == list(range(1, len(numbers) + len(kept) + 1)), message.name


@each_rpc
def test_an_rpc_names_only_errors_that_exist_with_their_codes(service: Element, method: Element) -> None:
    codes = {mapped.reason: mapped.code.name for mapped in ERRORS.values()}
    for code, reason in errors_named_by(method):
        assert codes.get(reason) == code


def test_the_errors_of_every_rpc_are_found_in_its_comment() -> None:
    # Guards the test above: a list in another form would name nothing.
    for _, method in METHODS:
        assert ("Errors:" in method.comment) == bool(errors_named_by(method)), method.name
        assert method.comment.count("\n - ") == len(errors_named_by(method)), method.name


def test_every_reason_is_named_by_an_rpc_or_stands_for_any_call() -> None:
    file = next(file for file in FILES if file.proto.name.endswith("error_reason.proto"))
    for_any_call = next(file.enums()).comment.partition("Any call may fail with:")[2]
    named = {reason for _, method in METHODS for _, reason in errors_named_by(method)}
    unnamed = {reason for reason in error_reasons() if reason not in named and f"`{reason}`" not in for_any_call}
    assert unnamed == set()


@each_rpc
def test_every_rpc_says_which_scope_it_needs(service: Element, method: Element) -> None:
    assert "the scope `" in service.text or "the scope `" in method.text
