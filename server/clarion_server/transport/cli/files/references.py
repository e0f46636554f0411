"""Resolves what a document takes from elsewhere: texts from files, settings and secrets from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.struct_pb2 import Struct

from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.catalogues import read_catalogue
from clarion_server.transport.cli.files.contract_fields import (
    is_output_only,
    is_secret,
    is_text,
    map_value_of,
    message_of,
)
from clarion_server.transport.cli.files.documents import Document
from clarion_server.transport.cli.files.source_location import Location, Problems
from clarion_server.transport.cli.files.uploads import Upload, is_uploaded, upload_of
from clarion_server.transport.cli.files.yaml_syntax import plain_scalar
from clarion_server.transport.cli.text_input import read_text

STRUCT = Struct.DESCRIPTOR
#: `html_file: order.html` gives `html` the text of that file, and `attachment_file: logo.png` uploads it.
FILE_SUFFIX = "_file"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class References:
    """Replaces references in the data of a document by the values that they stand for.

    The environment is None for documents that may not refer to it.
    """

    def __init__(self, document: Document, problems: Problems, environment: Mapping[str, str] | None) -> None:
        self._folder = document.folder
        self._locations = document.locations
        self._problems = problems
        self._environment = environment
        #: By the paths of values from the environment, the reference in the file. Errors must not show the value.
        self.from_environment: dict[str, str] = {}
        #: Holds the paths of the secrets that the document gives.
        self.secrets: set[str] = set()
        #: Holds the files that are uploaded when the document is applied.
        self.uploads: list[Upload] = []

    def resolve(self, data: Mapping[str, Any], message: Descriptor, path: str = "") -> dict[str, Any]:
        """Returns the data, whose fields are those of the message."""
        resolved: dict[str, Any] = {}
        for name, item in data.items():
            child = f"{path}.{name}" if path else name
            file_field = message.fields_by_name.get(name.removesuffix(FILE_SUFFIX))
            field = message.fields_by_name.get(name)
            if field is None and file_field is not None:
                self._put_file(resolved, file_field, data, child)
            elif field is not None and is_uploaded(field) and f"{name}{FILE_SUFFIX}" in data:
                # The file beside it is uploaded under this name.
                continue
            elif field is None:
                # The client refuses it, and suggests a field.
                resolved[name] = item
            elif is_output_only(field):
                self._problems.add(child, "The service writes this field. Leave it out.")
            else:
                resolved[name] = self._value(item, field, child)
        return resolved

    def _value(self, item: Any, field: FieldDescriptor, path: str) -> Any:
        if isinstance(item, list):
            return [self._value(each, field, f"{path}[{index}]") for index, each in enumerate(item)]
        if isinstance(item, dict):
            return self._mapping(item, field, path)
        if is_secret(field) and item:
            self._check_secret(item, path)
        return self._text(item, field, path) if isinstance(item, str) else item

    def _mapping(self, data: Mapping[str, Any], field: FieldDescriptor, path: str) -> Any:
        message, value = message_of(field), map_value_of(field)
        if message is not None:
            return self.resolve(data, message, path)
        if value is not None and value.message_type is STRUCT:
            return {name: self._catalogue(item, f"{path}.{name}") for name, item in data.items()}
        if value is not None:
            return {name: self._value(item, value, f"{path}.{name}") for name, item in data.items()}
        # Free data has no references.
        return data

    def _catalogue(self, item: Any, path: str) -> Any:
        """Returns the texts of a locale, which may be in a file of their own: `de: texts/de.json`."""
        if not isinstance(item, str):
            return item
        try:
            return read_catalogue(self._folder / item)
        except CommandFailed as failure:
            self._problems.add(path, failure.problems[0].text if failure.problems else failure.summary)
            return {}

    def _put_file(self, resolved: dict[str, Any], field: FieldDescriptor, data: Mapping[str, Any], path: str) -> None:
        name = data[f"{field.name}{FILE_SUFFIX}"]
        if field.name in data and not is_uploaded(field):
            self._problems.add(path, f"{field.name} is given too.", "Keep one of them.")
        elif not isinstance(name, str) or not name:
            self._problems.add(path, "The name of a file is needed.")
        else:
            resolved[field.name] = (
                self._upload(name, data.get(field.name), path) if is_uploaded(field) else self._file_text(name, path)
            )
            if is_secret(field):
                self.secrets.add(path.removesuffix(FILE_SUFFIX))

    def _upload(self, name: str, given: Any, path: str) -> str:
        """Returns the name of the attachment that the file becomes: the one that is given, if one is."""
        file = self._folder / name
        try:
            upload = upload_of(file)
        except OSError as error:
            self._problems.add(path, f"Cannot open {file}: {error.strerror}.")
            return ""
        if isinstance(given, str) and given:
            upload = Upload(given, file, is_named=True)
        self.uploads.append(upload)
        return upload.name

    def _file_text(self, name: str, path: str) -> str:
        file = self._folder / name
        try:
            text = read_text(file)
        except CommandFailed as failure:
            self._problems.add(path, failure.summary)
            return ""
        self._locations.set(path.removesuffix(FILE_SUFFIX), Location(str(file), 1, 1))
        # The line end of a single line, such as a subject or a password, belongs to the file.
        lines = text.splitlines()
        return lines[0] if len(lines) == 1 else text

    def _check_secret(self, item: Any, path: str) -> None:
        self.secrets.add(path)
        if not VARIABLE.fullmatch(str(item)):
            variable = "_".join(re.findall(r"\w+", path)).upper()
            self._problems.add(path, "A secret does not belong in the file.", f"Write ${{{variable}}}, and set it.")

    def _text(self, text: str, field: FieldDescriptor, path: str) -> Any:
        if self._environment is None or not VARIABLE.search(text):
            return text
        self.from_environment[path] = text
        for name in dict.fromkeys(VARIABLE.findall(text)):
            if not self._environment.get(name):
                self._problems.add(path, f"The environment variable {name} is not set.")
        value = VARIABLE.sub(lambda found: (self._environment or {}).get(found[1], ""), text)
        return value if is_text(field) else plain_scalar(value)
