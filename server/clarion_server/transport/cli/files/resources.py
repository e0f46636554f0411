"""Documents, made into campaigns and channel configurations, with everything that is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Generic

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.documents import Document, files_of, read_documents
from clarion_server.transport.cli.files.expanding import Expansion
from clarion_server.transport.cli.files.loading import violations_of
from clarion_server.transport.cli.files.resource_types import CAMPAIGN, CHANNEL, Kind, V
from clarion_server.transport.cli.files.source_location import Places

KINDS: Mapping[str, Kind[Any]] = {kind.keyword: kind for kind in (CAMPAIGN, CHANNEL)}


@dataclass(frozen=True, slots=True)
class Resource(Generic[V]):
    """One document: what it wants the service to have."""

    kind: Kind[V]
    value: V
    places: Places

    @property
    def name(self) -> str:
        return f"{self.kind.collection}/{self.value.name.rpartition('/')[2]}"


def read_resources(paths: Iterable[Path]) -> list[Resource[Any]]:
    """Everything in the files, channel configurations first: campaigns use them.

    Raises CommandFailed with the problems of all documents.
    """
    reading = _Reading()
    for file in files_of(paths):
        reading.read_file(file)
    if reading.problems:
        raise CommandFailed("The files are not as they should be. Nothing was sent.", reading.problems)
    if not reading.resources:
        raise CommandFailed("The files hold no campaign and no channel configuration.")
    return sorted(reading.resources.values(), key=lambda resource: resource.kind is CAMPAIGN)


class _Reading:
    def __init__(self) -> None:
        self.resources: dict[str, Resource[Any]] = {}
        self.problems: list[Problem] = []

    def read_file(self, file: Path) -> None:
        found = len(self.problems)
        try:
            for document in read_documents(file):
                self._read(document)
        except CommandFailed as failure:
            self.problems += failure.problems or [Problem("", failure.summary)]
        self.problems[found:] = sorted(self.problems[found:], key=lambda problem: problem.line)

    def _read(self, document: Document) -> None:
        kinds = [kind for keyword, kind in KINDS.items() if keyword in document.data]
        if len(kinds) != 1:
            self._note(document, "", "A document has either `campaign: ID` or `channel: ID` at its top.")
            return
        resource = self._resource(kinds[0], document)
        if resource is None:
            return
        if resource.name in self.resources:
            other = self.resources[resource.name].places.find("")
            self._note(document, kinds[0].keyword, f"{resource.name} stands at {other} too.")
        self.resources[resource.name] = resource

    def _resource(self, kind: Kind[Any], document: Document) -> Resource[Any] | None:
        """None when something is wrong with it."""
        found = len(self.problems)
        data = self._expanded(kind, document)
        identifier = data.pop(kind.keyword)
        if not isinstance(identifier, str) or not identifier.rpartition("/")[2]:
            self._note(document, kind.keyword, "An id is needed, such as order-confirmed.")
        for field in fields(kind.value_type):
            if field.name in data and field.name not in kind.fields:
                del data[field.name]
                self._note(document, field.name, "The service writes this field. Leave it out.")
        for path, text in violations_of(kind.value_type, data):
            self._note(document, path, text)
        if len(self.problems) > found:
            return None
        return Resource(kind, replace(kind.value_type.from_dict(data), name=identifier), document.places)

    def _expanded(self, kind: Kind[Any], document: Document) -> dict[str, Any]:
        expansion = Expansion(document, os.environ)
        data = expansion.files()
        if kind is CHANNEL:
            data = expansion.variables(data)
        self.problems += expansion.problems
        return data

    def _note(self, document: Document, path: str, text: str) -> None:
        self.problems.append(document.places.problem(path, text))
