from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from tools.contract import Contract
from tools.generate import PROTOS, VALUES, compile_protos
from tools.generate_values import NAMES, POSITIONAL, PRESENT, SECRET, generated

PARCEL = """
syntax = "proto3";
package clarion.v1;
import "google/api/field_behavior.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";

// Something that is sent. See `SIZE_LARGE`.
message Parcel {
  // How large it is.
  enum Size {
    // Is never returned.
    SIZE_UNSPECIFIED = 0;
    // Larger than a letter.
    SIZE_LARGE = 1;
  }
  // Required. Where it goes.
  string to = 1 [(google.api.field_behavior) = REQUIRED];
  // Optional. Who sends it.
  string from = 2 [(google.api.field_behavior) = OPTIONAL];
  // Optional. How large it is.
  Size size = 3 [(google.api.field_behavior) = OPTIONAL];
  // Optional. In grams, if it was weighed.
  optional double weight = 4 [(google.api.field_behavior) = OPTIONAL];
  // Optional. Notes for each carrier.
  map<string, string> notes = 5 [(google.api.field_behavior) = OPTIONAL];
  // Optional. What is in it.
  oneof content {
    // Printed matter.
    Book book = 6;
    // A parcel within.
    Parcel parcel = 7;
  }
  // Optional. How it is found again.
  oneof key {
    // By its number.
    string number = 8;
    // By its data.
    google.protobuf.Struct data = 9;
  }
  // Input only. Opens it.
  string code = 10 [(google.api.field_behavior) = INPUT_ONLY];
}

// Printed matter.
message Book {
  // How large it is.
  Parcel.Size size = 1;
  // When it was printed.
  google.protobuf.Timestamp time = 2;
  // The pages.
  repeated string pages = 3;
}
"""

EXPECTED = '''
@represents(parcel_pb2.Parcel.Size.DESCRIPTOR)
class ParcelSize(StrEnum):
    """How large it is."""

    LARGE = "LARGE"
    """Larger than a letter."""
    UNRECOGNIZED = "UNRECOGNIZED"
    """A value that a newer service sends and this client does not know. It cannot be sent."""


@represents(parcel_pb2.Parcel.DESCRIPTOR)
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parcel(Value):
    """Something that is sent. See `ParcelSize.LARGE`."""

    to: str
    """Required. Where it goes."""
    from_: str = ""
    """Optional. Who sends it."""
    size: ParcelSize | None = None
    """Optional. How large it is."""
    weight: float | None = None
    """Optional. In grams, if it was weighed."""
    notes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Optional. Notes for each carrier."""
    book: Book | None = None
    """Printed matter."""
    parcel: Parcel | None = None
    """A parcel within."""
    number: str | None = None
    """By its number."""
    data: Mapping[str, Any] | None = None
    """By its data."""
    code: str = dataclasses.field(default="", repr=False)
    """Input only. Opens it."""

    @property
    def content(self) -> Book | Parcel | None:
        """Optional. What is in it."""
        return self.book or self.parcel


@represents(parcel_pb2.Book.DESCRIPTOR)
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Book(Value):
    """Printed matter."""

    size: ParcelSize
    """How large it is."""
    time: dt.datetime | None = None
    """When it was printed."""
    pages: Sequence[str] = ()
    """The pages."""
'''


def contract(folder: Path, *sources: Path) -> Contract:
    descriptors = folder / "contract.binpb"
    arguments = ["--include_imports", "--include_source_info", f"--descriptor_set_out={descriptors}", f"-I{folder}"]
    assert compile_protos(*arguments, *map(str, sources)) == 0
    return Contract(descriptors)


def test_the_values_are_what_their_tool_makes_of_the_contract(tmp_path: Path) -> None:
    checked_in = {path.name: path.read_text(encoding="utf-8") for path in VALUES.glob("*.py")}

    assert checked_in == generated(contract(tmp_path, *sorted(PROTOS.rglob("*.proto")))), "run `make generate`"


def test_the_tables_of_the_tool_name_parts_of_the_contract(tmp_path: Path) -> None:
    pool = contract(tmp_path, *sorted(PROTOS.rglob("*.proto"))).pool
    fields = [f"{message}.{field}" for message, names in POSITIONAL.items() for field in names]

    for name in NAMES:
        assert find(pool, name) is not None, name
    for name in (*fields, *PRESENT, *SECRET):
        assert pool.FindFieldByName(f"clarion.v1.{name}") is not None, name


def find(pool: DescriptorPool, name: str) -> Descriptor | EnumDescriptor:
    try:
        return pool.FindMessageTypeByName(f"clarion.v1.{name}")
    except KeyError:
        return pool.FindEnumTypeByName(f"clarion.v1.{name}")


def test_types_and_defaults_follow_from_the_contract(tmp_path: Path) -> None:
    proto = tmp_path / "parcel.proto"
    proto.write_text(PARCEL)

    source = generated(contract(tmp_path, proto))["parcel.py"]

    assert source.partition("\n@represents")[2] == EXPECTED.partition("\n@represents")[2]


def test_a_type_that_values_do_not_support_is_refused(tmp_path: Path) -> None:
    proto = tmp_path / "parcel.proto"
    proto.write_text(PARCEL.replace("double weight", "float weight"))

    with pytest.raises(TypeError, match=r"Parcel\.weight has a type that values do not support yet"):
        generated(contract(tmp_path, proto))
