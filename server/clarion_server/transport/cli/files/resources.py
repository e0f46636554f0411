"""Makes resources of the documents in files, or says everything that is wrong with them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic

from clarion_client import FieldError

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.bare_fragments import bare_fragments
from clarion_server.transport.cli.files.documents import Document, files_of, read_documents
from clarion_server.transport.cli.files.language_files import with_language_files
from clarion_server.transport.cli.files.references import References
from clarion_server.transport.cli.files.resource_types import ALL, CAMPAIGN, FRAGMENT, TOPIC, ResourceType, V
from clarion_server.transport.cli.files.source_location import Locations, Problems
from clarion_server.transport.cli.files.test_suites import KEYWORD, Suite, suite_of
from clarion_server.transport.cli.files.uploads import Upload

TYPES: Mapping[str, ResourceType[Any]] = {resource_type.keyword: resource_type for resource_type in ALL}
#: Is the name of a fragment in a template, without its version.
_INCLUDED = re.compile(r"""\{%[-+]?\s*(?:include|extends)\s*["'](fragments/[a-z0-9-]+)""")
#: An error may quote a value, and that may be a whole page.
_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Resource(Generic[V]):
    """One document: what the service is to have."""

    type: ResourceType[V]
    value: V
    locations: Locations
    #: Holds the top-level fields that hold a secret.
    secret_fields: frozenset[str] = frozenset()
    #: Holds the files that are uploaded before it is written.
    uploads: tuple[Upload, ...] = ()

    @property
    def name(self) -> str:
        return self.type.full_name(self.value)


@dataclass(frozen=True, slots=True)
class Files:
    """Holds everything in some files."""

    #: Topics first, as policies and audiences name them, and campaigns last, because they use the others.
    resources: list[Resource[Any]]
    #: Holds the test cases, by the names of their campaigns.
    suites: Mapping[str, Suite]


def read_files(paths: Iterable[Path]) -> Files:
    """Returns everything in the files. Raises CommandFailed with the problems of all documents."""
    reader = _Reader()
    for file in files_of(paths):
        reader.read_file(file)
    reader.read_bare_fragments()
    if reader.problems:
        raise CommandFailed("The files have errors. Nothing was sent.", reader.problems)
    if not reader.resources and not reader.suites:
        raise CommandFailed(f"The files hold nothing that can be applied: no {', no '.join(TYPES)}, no {KEYWORD}.")
    topics = [each for each in reader.resources.values() if each.type is TOPIC]
    others = [each for each in reader.resources.values() if each.type not in {TOPIC, CAMPAIGN, FRAGMENT}]
    campaigns = [each for each in reader.resources.values() if each.type is CAMPAIGN]
    ordered = [
        *topics,
        *others,
        *_in_order({name: each for name, each in reader.resources.items() if each.type is FRAGMENT}),
        *campaigns,
    ]
    return Files(ordered, reader.suites)


def _in_order(fragments: Mapping[str, Resource[Any]]) -> list[Resource[Any]]:
    """Returns fragments behind those that they include. One of a circle comes first; publishing refuses it."""
    ordered: dict[str, Resource[Any]] = {}
    seen: set[str] = set()

    def add(name: str) -> None:
        if name not in fragments or name in seen:
            return
        seen.add(name)
        for included in _INCLUDED.findall(fragments[name].value.source):
            add(included)
        ordered[name] = fragments[name]

    for name in fragments:
        add(name)
    return list(ordered.values())


class _Reader:
    def __init__(self) -> None:
        self.resources: dict[str, Resource[Any]] = {}
        self.suites: dict[str, Suite] = {}
        self.problems: list[Problem] = []
        self._documents: list[Document] = []

    def read_file(self, file: Path) -> None:
        try:
            documents = read_documents(file)
        except CommandFailed as failure:
            self.problems += failure.problems or [Problem("", failure.summary)]
            return
        self._documents += documents
        self._read_all(documents)

    def read_bare_fragments(self) -> None:
        """Reads the fragments that are files alone, beside the campaigns that were read."""
        self._read_all(bare_fragments(self._documents, self.problems))

    def _read_all(self, documents: Iterable[Document]) -> None:
        for document in documents:
            problems = Problems(document.locations)
            self._read(document, problems)
            self.problems += problems.all()

    def _read(self, document: Document, problems: Problems) -> None:
        types = _types(document)
        if KEYWORD in document.data and not types:
            self._read_suite(document, problems)
            return
        if len(types) != 1:
            *others, last = (f"`{keyword}: ID`" for keyword in (*TYPES, KEYWORD))
            problems.add("", f"A document has one of {', '.join(others)} and {last} at its top.")
            return
        resource = _resource(types[0], document, problems)
        if resource is None:
            return
        if resource.name in self.resources:
            other = self.resources[resource.name].locations.find("")
            problems.add(types[0].keyword, f"{resource.name} is at {other} too.")
        self.resources[resource.name] = resource

    def _read_suite(self, document: Document, problems: Problems) -> None:
        suite = suite_of(document, problems)
        if suite is None:
            return
        if suite.campaign in self.suites:
            other = self.suites[suite.campaign].locations.find("")
            problems.add(KEYWORD, f"The tests of {suite.campaign} are at {other} too.")
        self.suites[suite.campaign] = suite


def _types(document: Document) -> list[ResourceType[Any]]:
    """Returns the types that the document names at its top, of which it should have one."""
    named = [resource_type for keyword, resource_type in TYPES.items() if keyword in document.data]
    # A campaign has a field `topic`.
    fields = {field for resource_type in named for field in resource_type.fields}
    return [resource_type for resource_type in named if resource_type.keyword not in fields]


def _resource(resource_type: ResourceType[Any], document: Document, problems: Problems) -> Resource[Any] | None:
    """Returns None when something is wrong with the document."""
    data = dict(document.data)
    identifier = data.pop(resource_type.keyword)
    if not isinstance(identifier, str) or not identifier.rpartition("/")[2]:
        problems.add(resource_type.keyword, "An id is needed, such as order-confirmed.")
    for name in ("name", "etag"):
        if name in data:
            del data[name]
            problems.add(name, "This field does not belong in a file. Leave it out.")
    if resource_type is CAMPAIGN:
        data = with_language_files(data, document.folder, problems)
    references = References(document, problems, os.environ if resource_type.has_environment else None)
    try:
        value = resource_type.value_type.from_dict(references.resolve(data, resource_type.message))
    except FieldError as error:
        # A value that could not be resolved does not fit either.
        resolved = [each for each in error.errors if each.path not in problems.paths]
        for each in resolved:
            problems.add(each.path, _problem(each, references))
    if problems.all():
        return None
    secret_fields = frozenset(path.partition(".")[0] for path in references.secrets)
    return Resource(
        resource_type, replace(value, name=identifier), document.locations, secret_fields, tuple(references.uploads)
    )


def _problem(error: FieldError, references: References) -> str:
    if error.path in references.from_environment:
        # The value stays unsaid: a variable may hold a secret by mistake.
        return f"The value of {references.from_environment[error.path]} in this environment does not fit."
    text = error.problem if len(error.problem) <= _MAX_TEXT else f"{error.problem[:_MAX_TEXT]}…"
    return f"It {text}" if text.endswith(("?", "…")) else f"It {text}."
