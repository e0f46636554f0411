"""Contexts as messages of Protocol Buffers: protoc compiles them, and their JSON form is the context."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clarion_server.transport.cli.codegen.proto import proto_file
from clarion_server.transport.cli.codegen.reading import read_contract
from clarion_server.transport.cli.failures import CommandFailed
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, struct_pb2

from tests.unit.cli.test_codegen import ODD, an_object

ITEM = {**an_object(sku={"type": "string"}, amount={"type": "integer"}), "required": ["sku", "amount"]}
ORDER = {
    **an_object(
        id={"type": "string"},
        items={"type": "array", "items": ITEM},
        state={"enum": ["paid", "open"]},
        how={"enum": ["by-mail", "by air"]},
        prices={"type": "object", "additionalProperties": {"type": "number"}},
        gift={"type": "boolean"},
        note={"type": ["string", "null"]},
        extra={},
    ),
    "required": ["id", "items"],
}


def proto(schema: dict[str, Any] | None) -> str:
    return proto_file(read_contract("order-confirmed", 3, schema))


def compiled(folder: Path, text: str) -> descriptor_pb2.FileDescriptorSet:
    (folder / "context.proto").write_text(text)
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", "--include_imports"]
    done = subprocess.run(
        [*command, f"--descriptor_set_out={folder / 'out'}", "context.proto"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return descriptor_pb2.FileDescriptorSet.FromString((folder / "out").read_bytes())


def round_trip(folder: Path, schema: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """Returns the context after its way through a message, its octets and its JSON form."""
    pool = descriptor_pool.DescriptorPool()
    for file in compiled(folder, proto(schema)).file:
        if file.name.startswith("google/"):
            pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
        else:
            pool.Add(file)
    descriptor = pool.FindMessageTypeByName("clarion.campaigns.order_confirmed.OrderConfirmedContext")
    kind = message_factory.GetMessageClass(descriptor)
    message = json_format.ParseDict(context, kind(), descriptor_pool=pool)
    again = kind.FromString(message.SerializeToString())
    return json_format.MessageToDict(again, always_print_fields_with_no_presence=True, descriptor_pool=pool)


@pytest.mark.parametrize(
    "context",
    [
        {"class": "first", "from-date": "2026-11-29", "app.prop": 1.5, "400": 7, "x": None, "__private": True},
        {"class": "", "400": 0},
        {"class": "a", "400": 2**53, "x": "text", "__private": False},
    ],
)
def test_odd_names_default_values_null_and_absence_come_back_as_they_were(
    tmp_path: Path, context: dict[str, Any]
) -> None:
    assert round_trip(tmp_path, ODD, context) == context


def test_nested_objects_lists_maps_and_literals_come_back_as_they_were(tmp_path: Path) -> None:
    context = {
        "id": "4711",
        "items": [{"sku": "a", "amount": 0}, {"sku": "b", "amount": 2}],
        "state": "paid",
        "how": "by air",
        "prices": {"EUR": 9.5},
        "gift": False,
        "note": None,
        "extra": [1, {"a": None}],
    }
    assert round_trip(tmp_path, ORDER, context) == context
    assert round_trip(tmp_path, ORDER, {"id": "", "items": []}) == {"id": "", "items": [], "prices": {}}


def test_names_come_from_the_wire_and_a_clash_is_counted(tmp_path: Path) -> None:
    text = proto(an_object(**{"from-date": {"type": "string"}, "fromDate": {"type": "string"}, "--": {}, "9": {}}))
    compiled(tmp_path, text)
    for line in ('from_date = 3 [json_name = "from-date"]', 'fromdate_2 = 4 [json_name = "fromDate"]'):
        assert line in text
    assert 'field = 1 [json_name = "--"]' in text
    assert 'field_9 = 2 [json_name = "9"]' in text


def test_a_context_without_fields_compiles(tmp_path: Path) -> None:
    assert compiled(tmp_path, proto(None)).file[-1].message_type[0].name == "OrderConfirmedContext"


def test_required_fields_come_first_in_their_order_and_the_others_by_name() -> None:
    fields = {**an_object(a={"type": "string"}, c={"type": "string"}, b={"type": "string"}), "required": ["c"]}
    names = [each.name for each in read_contract("orders", 1, fields).context.fields]
    assert names == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"type": "asd"}, "context.a"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "context.a"),
        ({"oneOf": [an_object(b={"type": "string"}), an_object(c={"type": "string"})]}, "context.a"),
        ({"type": ["object", "null"]}, "context.a"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, "context.a"),
        ({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}, "context.a"),
        ({"enum": ["a", 1]}, "context.a"),
        (an_object(**{"[x]": {"type": "string"}}), 'context.a["[x]"]'),
    ],
)
def test_what_proto_has_no_equal_for_is_refused_with_its_path(part: dict[str, Any], path: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        proto(an_object(a=part))
    assert [problem.where for problem in refused.value.problems] == [path]


def test_all_that_proto_has_no_equal_for_is_told_at_once() -> None:
    nested = {"type": "array", "items": {"type": "array"}}
    with pytest.raises(CommandFailed) as refused:
        proto(an_object(a={"enum": ["a", 1]}, b=an_object(c=nested)))
    assert [problem.where for problem in refused.value.problems] == ["context.b.c", "context.a"]
