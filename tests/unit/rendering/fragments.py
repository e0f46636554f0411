"""Fragments for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion_server.application.ports.content import Fragments
from clarion_server.domain.fragments.fragment import FragmentContent, FragmentKind, FragmentVersion
from clarion_server.domain.fragments.fragment_reference import FragmentReference


def fragment(
    fragment_id: str,
    source: str,
    *parameters: str,
    required: tuple[str, ...] = (),
    kind: FragmentKind = FragmentKind.HTML,
    translations: Mapping[str, Mapping[str, Any]] | None = None,
    number: int = 1,
) -> FragmentVersion:
    """Returns a version whose parameters are texts."""
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in [*required, *parameters]},
        "required": list(required),
    }
    content = FragmentContent(kind, source, schema if required or parameters else None, translations or {})
    return FragmentVersion(number, fragment_id, number, content, 0, "apiKeys/1", content.digest)


def published(*versions: FragmentVersion) -> Fragments:
    """Returns versions by their names; without a number the last one of a fragment."""
    newest = {FragmentReference(version.fragment_id): version for version in versions}
    return newest | {FragmentReference(version.fragment_id, version.number): version for version in versions}
