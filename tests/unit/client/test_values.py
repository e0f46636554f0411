"""The values of the client have the fields and members of the contract."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Any

import clarion_client as client
import pytest
from clarion.v1 import (
    api_key_service_pb2,
    execution_service_pb2,
    message_service_pb2,
)
from clarion_client import (
    Value,
)
from clarion_client._conversion import DESCRIPTORS, read

from tests.unit.client.values import CAMPAIGN, CHANNEL, message_type_of

VALUES = [item for item in DESCRIPTORS if issubclass(item, Value)]
ENUMS = [item for item in DESCRIPTORS if issubclass(item, StrEnum)]

each_value = pytest.mark.parametrize("value_type", VALUES, ids=lambda item: item.__name__)
each_enum = pytest.mark.parametrize("enum", ENUMS, ids=lambda item: item.__name__)


@each_value
def test_a_value_has_every_field_of_its_message(value_type: Any) -> None:
    # `localized_message` repeats a violation in a language, which no Clarion service does.
    wire_names = set(DESCRIPTORS[value_type].fields_by_name) - {"localized_message"}

    assert {field.name.removesuffix("_") for field in dataclasses.fields(value_type)} == wire_names


def test_every_value_and_every_enum_is_public() -> None:
    public = {item for name in client.__all__ if isinstance(item := getattr(client, name), type)}

    assert {*VALUES, *ENUMS} <= public


@each_value
def test_an_empty_message_is_a_value(value_type: type[Value]) -> None:
    assert isinstance(read(value_type, message_type_of(value_type)()), value_type)


@each_enum
def test_an_enum_has_every_member_of_the_contract_by_its_short_name(enum: type[StrEnum]) -> None:
    unspecified, *values = [value.name for value in DESCRIPTORS[enum].values]
    prefix = unspecified.removesuffix("UNSPECIFIED")

    assert [member.value for member in enum if member.name != "UNRECOGNIZED"] == [
        value.removeprefix(prefix) for value in values
    ]
    assert all(member.name == member.value for member in enum)


@pytest.mark.parametrize("enum", [client.QueueDisposal, client.ErrorReason], ids=["QueueDisposal", "ErrorReason"])
def test_an_enum_that_is_in_no_answer_has_no_unrecognized_member(enum: type[StrEnum]) -> None:
    assert "UNRECOGNIZED" not in enum.__members__


def test_both_cancellations_number_their_outcomes_alike() -> None:
    executions = execution_service_pb2.CancelExecutionResponse.Outcome
    messages = message_service_pb2.CancelMessageResponse.Outcome

    assert dict(messages.items()).items() <= dict(executions.items()).items()


def test_secrets_are_not_shown() -> None:
    key = read(client.NewApiKey, api_key_service_pb2.CreateApiKeyResponse(secret="hunter2"))

    assert "hunter2" not in repr(CHANNEL)
    assert "hunter2" not in repr(key)
    assert key.to_dict()["secret"] == "hunter2"


def test_values_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CAMPAIGN.name = "x"  # type: ignore[misc]  # the caller's mistake
    assert not hasattr(CAMPAIGN, "__dict__")
