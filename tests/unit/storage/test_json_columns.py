"""The stored shapes stay what they are: processes of several versions read the same database.

Each column has a golden file. Its `written` cases are what this version writes: `stored` is the document, and `means`
holds every field of the value that is read from it, defaults too. Its `older` cases are only read. When a change of
the domain fails here, older documents must stay readable: move the case that changed to `older`, or write a migration.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from clarion_server.adapters.storage.rows import json_columns
from clarion_server.adapters.storage.rows.codec import JsonCodec
from clarion_server.adapters.storage.rows.field_rows import FieldRows
from clarion_server.domain.approvals.approval_policy import ApprovalPolicy
from clarion_server.domain.consent.topic import Topic
from clarion_server.domain.people.identity_namespace import NamespaceResource
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy

GOLDEN = Path(__file__).with_name("golden")
#: The rows of other kinds of resources are written by hand, with codecs of `json_columns`.
MAPPED_BY_FIELD = (ApprovalPolicy, NamespaceResource, SendingPolicy, Topic)
COLUMNS: Mapping[str, JsonCodec[Any]] = {
    **{name.lower(): codec for name, codec in vars(json_columns).items() if isinstance(codec, JsonCodec)},
    **{
        f"{kind.COLLECTION.name}.{field}": codec
        for kind in MAPPED_BY_FIELD
        for field, codec in FieldRows(kind).codecs.items()
    },
}


def golden(column: str) -> dict[str, list[Any]]:
    cases: dict[str, list[Any]] = json.loads((GOLDEN / f"{column}.json").read_text())
    return cases


def meaning(value: Any) -> Any:
    """Returns the value with the names of all its fields, as JSON."""
    if isinstance(value, Mapping):
        return {str(key): meaning(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [meaning(each) for each in value]
    return json.loads(json.dumps(asdict(value))) if is_dataclass(value) and not isinstance(value, type) else value


def paths(document: Any, path: str = "") -> Iterator[str]:
    """Yields the path of each key. All items of a list have the same path."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield f"{path}.{key}"
            yield from paths(value, f"{path}.{key}")
    elif isinstance(document, list):
        for value in document:
            yield from paths(value, f"{path}[]")


def test_there_is_one_golden_file_for_each_column() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_golden_document_means_what_it_always_did(column: str) -> None:
    cases = golden(column)
    for case in cases["written"] + cases.get("older", []):
        assert meaning(COLUMNS[column].decode(json.dumps(case["stored"]))) == case["means"]


@pytest.mark.parametrize("column", COLUMNS)
def test_what_is_written_equals_the_golden_document(column: str) -> None:
    codec = COLUMNS[column]
    for case in golden(column)["written"]:
        assert json.loads(codec.encode(codec.decode(json.dumps(case["stored"])))) == case["stored"]


@pytest.mark.parametrize("column", COLUMNS)
def test_every_field_is_written_in_some_golden_document(column: str) -> None:
    cases = golden(column)["written"]
    written = {path for case in cases for path in paths(case["stored"])}
    assert {path for case in cases for path in paths(case["means"])} <= written
